//! A question that is waited for, and why it has no reply.

use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};

use bytemuck::Pod;
use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorMemory};
use isokern_core::call::Clock;
use isokern_core::ring::PushError;
use thiserror::Error;

use super::in_flight::Answer;
use super::requester::Requester;

/// Asks at the first poll, and is ready with the reply.
///
/// Not an `async` block, which links a panic for a poll after its end.
pub(super) fn ask<M: ActorMemory, Q: Pod, P: Pod, C: Clock>(
    requester: &mut Requester<M, Q, P, C>,
    header: MessageHeader,
    question: Q,
) -> impl Future<Output = Result<P, AskError<Q>>> {
    let mut unasked = Some((requester, question));
    let mut asking = None::<Asking<'_, M, Q, P, C>>;
    poll_fn(move |task| {
        if let Some((requester, question)) = unasked.take() {
            match requester.try_ask(header, question) {
                Ok(sequence) => asking = Some(Asking { requester, sequence }),
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
struct Asking<'r, M: ActorMemory, Q: Pod, P: Pod, C: Clock> {
    requester: &'r mut Requester<M, Q, P, C>,
    sequence: u32,
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> Asking<'_, M, Q, P, C> {
    fn poll(&mut self, waker: &Waker) -> Poll<Answer<P>> {
        self.requester.register(self.sequence, waker);
        self.requester.try_answer_to(self.sequence).map_or(Poll::Pending, Poll::Ready)
    }
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> Drop for Asking<'_, M, Q, P, C> {
    fn drop(&mut self) {
        self.requester.abandon(self.sequence);
    }
}

/// Why a question has no reply.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AskError<Q> {
    /// It was not accepted.
    #[error(transparent)]
    Refused(#[from] PushError<Q>),
    /// It was accepted, and this is what became of it.
    #[error(transparent)]
    Actor(ActorError),
}
