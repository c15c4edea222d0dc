//! An actor between two channels.

use core::future::{Future, poll_fn};
use core::task::{Context, Poll, Waker};

use bytemuck::Pod;
use heapless::Vec;
use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, ActorMemory};
use isokern_core::call::Clock;
use isokern_core::ring::{PopError, PushError};
use isokern_ring::Requester;

use crate::channel::{Sink, Source};

/// Questions that [`serve`](fn@serve) has under way at most.
pub const UNDER_WAY_MAX: usize = 8;

/// Who can be asked without waiting: a [`Requester`] of an actor, a
/// [`ModelClient`](crate::ModelClient).
///
/// # For implementers
///
/// Answers **must** come in the order of their questions, one for each that was accepted. A waker
/// that was registered for a question **must** be woken when its answer is there, and when nothing
/// more will come.
pub trait Ask {
    /// What is asked.
    type Question;
    /// What comes back.
    type Answer;

    /// Asks, and returns the sequence that the answer will have.
    ///
    /// # Errors
    ///
    /// [`PushError`] with the question inside: full, or closed.
    fn try_ask(&mut self, question: Self::Question) -> Result<u32, PushError<Self::Question>>;

    /// Takes the oldest answer, with the sequence of its question.
    ///
    /// # Errors
    ///
    /// [`PopError`]: none yet, or none will come.
    fn try_answer(&mut self) -> Result<(u32, Self::Answer), PopError>;

    /// Keeps a waker for the answer to one question. Look once more after this.
    fn register(&self, sequence: u32, waker: &Waker);
}

impl<M: ActorMemory, Q: Pod, P: Pod, C: Clock> Ask for Requester<M, Q, P, C> {
    type Question = Q;
    type Answer = Result<P, ActorError>;

    fn try_ask(&mut self, question: Q) -> Result<u32, PushError<Q>> {
        Self::try_ask(self, MessageHeader::new(), question)
    }

    fn try_answer(&mut self) -> Result<(u32, Result<P, ActorError>), PopError> {
        let answer = Self::try_answer(self)?;
        Ok((answer.header.sequence(), answer.result))
    }

    fn register(&self, sequence: u32, waker: &Waker) {
        Self::register(self, sequence, waker);
    }
}

/// Asks what comes out of one channel, and sends the answers into the other, in the same order.
/// Ends when the actor has: with the question that it did not take any more, if there was one.
///
/// Each question that is taken out of the channel gets one answer, an error in place of a reply
/// included. While the actor's mailbox is full or [`UNDER_WAY_MAX`] questions are under way, the
/// others wait in their channel; while nobody takes the answers, nothing is asked: so it is the
/// first channel that is full then, and its senders see it.
///
/// `asker` is the only one to ask there meanwhile, and had nothing under way. Dropped, the future
/// loses the answer in hand, if there is one; the others can be taken from `asker`.
///
/// The channels are [`Channel`](crate::Channel)s, or the ends of those of `embassy-sync`.
///
/// The example is on the page of the [`crate`].
pub fn serve<A: Ask>(
    asker: &mut A,
    questions: impl Source<Item = A::Question>,
    answers: impl Sink<Item = A::Answer>,
) -> impl Future<Output = Option<A::Question>> {
    let mut serving = Serving { asker, under_way: Vec::new(), unasked: None, unsent: None };
    // Not an `async` block, which links a panic.
    poll_fn(move |task| match serving.poll(task, &questions, &answers) {
        Poll::Ready(()) => Poll::Ready(serving.unasked.take()),
        Poll::Pending => Poll::Pending,
    })
}

/// What is between the channels and the actor.
struct Serving<'a, A: Ask> {
    asker: &'a mut A,
    /// Sequences without an answer, oldest first.
    under_way: Vec<u32, UNDER_WAY_MAX>,
    /// Out of its channel, and not accepted yet.
    unasked: Option<A::Question>,
    /// Taken, and not in its channel yet.
    unsent: Option<A::Answer>,
}

impl<A: Ask> Serving<'_, A> {
    /// Goes on until nothing moves; ready when the actor is gone and its answers are sent.
    fn poll(
        &mut self,
        task: &mut Context<'_>,
        questions: &impl Source<Item = A::Question>,
        answers: &impl Sink<Item = A::Answer>,
    ) -> Poll<()> {
        loop {
            if let Some(answer) = self.unsent.take() {
                if let Err(answer) = answers.try_put(answer) {
                    self.unsent = Some(answer);
                    // Ready when a place has come free since.
                    if answers.poll_room(task).is_pending() {
                        return Poll::Pending;
                    }
                }
                continue;
            }
            // Any place will do where nothing is under way: an end wakes them all.
            self.asker.register(self.under_way.first().copied().unwrap_or(0), task.waker());
            match self.asker.try_answer() {
                Ok((sequence, answer)) => {
                    self.under_way.retain(|asked| *asked != sequence);
                    self.unsent = Some(answer);
                    continue;
                }
                Err(PopError::Closed) => return Poll::Ready(()),
                Err(PopError::Empty) => {}
            }
            let question = match self.unasked.take() {
                Some(question) => question,
                None if self.under_way.is_full() => return Poll::Pending,
                None => match questions.poll_take(task) {
                    Poll::Ready(question) => question,
                    Poll::Pending => return Poll::Pending,
                },
            };
            match self.asker.try_ask(question) {
                // There is room: it was looked for before the question was taken.
                Ok(sequence) => _ = self.under_way.push(sequence),
                Err(PushError::Full(question)) => {
                    self.unasked = Some(question);
                    if self.under_way.is_empty() {
                        // What fills the mailbox was asked by another before.
                        task.waker().wake_by_ref();
                    }
                    return Poll::Pending;
                }
                Err(PushError::Closed(question)) => {
                    self.unasked = Some(question);
                    if self.under_way.is_empty() {
                        return Poll::Ready(());
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
