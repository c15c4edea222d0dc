//! A question to a model that is waited for.

use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};

use isokern_core::MessageHeader;
use isokern_core::actor::MailboxShape;
use isokern_cpu::model::OperatorSet;
use isokern_ring::AskError;

use super::{ModelAnswer, ModelClient};

/// Asks at the first poll, and is ready with the output.
///
/// Not an `async` block, which links a panic for a poll after its end.
pub(super) fn ask<O, S, const BYTES: usize, const COUNT: usize, const IN: usize, const OUT: usize>(
    client: &mut ModelClient<O, S, BYTES, COUNT, IN, OUT>,
    header: MessageHeader,
    input: &[i8; IN],
) -> impl Future<Output = Result<[i8; OUT], AskError<()>>>
where
    O: OperatorSet,
    S: MailboxShape + 'static,
{
    let mut unasked = Some(client);
    let mut asking = None::<Asking<'_, O, S, BYTES, COUNT, IN, OUT>>;
    poll_fn(move |task| {
        if let Some(client) = unasked.take() {
            match client.try_ask(header, input) {
                Ok(sequence) => asking = Some(Asking { client, sequence }),
                Err(refusal) => return Poll::Ready(Err(refusal.into())),
            }
        }
        let Some(Poll::Ready(answer)) = asking.as_mut().map(|asking| asking.poll(task.waker()))
        else {
            return Poll::Pending;
        };
        asking = None;
        Poll::Ready(answer.result.map_err(AskError::Actor))
    })
}

/// A question under way; dropped, it is abandoned.
struct Asking<'c, O, S, const BYTES: usize, const COUNT: usize, const IN: usize, const OUT: usize>
where
    O: OperatorSet,
    S: MailboxShape + 'static,
{
    client: &'c mut ModelClient<O, S, BYTES, COUNT, IN, OUT>,
    sequence: u32,
}

impl<O, S, const BYTES: usize, const COUNT: usize, const IN: usize, const OUT: usize>
    Asking<'_, O, S, BYTES, COUNT, IN, OUT>
where
    O: OperatorSet,
    S: MailboxShape + 'static,
{
    fn poll(&mut self, waker: &Waker) -> Poll<ModelAnswer<OUT>> {
        self.client.requester.register(self.sequence, waker);
        let answer = self.client.requester.try_answer_to(self.sequence);
        match answer.and_then(|answer| self.client.finish(answer)) {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        }
    }
}

impl<O, S, const BYTES: usize, const COUNT: usize, const IN: usize, const OUT: usize> Drop
    for Asking<'_, O, S, BYTES, COUNT, IN, OUT>
where
    O: OperatorSet,
    S: MailboxShape + 'static,
{
    fn drop(&mut self) {
        self.client.abandon(self.sequence);
    }
}
