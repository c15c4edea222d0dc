//! A question that is waited for, and why it has no reply.

use core::task::{Poll, Waker};

use bytemuck::Pod;
use isokern_core::actor::{ActorError, ActorMemory};
use isokern_core::call::Clock;
use isokern_core::ring::PushError;
use thiserror::Error;

use super::in_flight::Answer;
use super::requester::Requester;

/// A question under way; dropped, it is abandoned.
pub(super) struct Asking<'r, M: ActorMemory, Q: Pod, P: Pod, C: Clock> {
    requester: &'r mut Requester<M, Q, P, C>,
    sequence: u32,
}

impl<'r, M: ActorMemory, Q: Pod, P: Pod, C: Clock> Asking<'r, M, Q, P, C> {
    pub(super) const fn new(requester: &'r mut Requester<M, Q, P, C>, sequence: u32) -> Self {
        Self { requester, sequence }
    }

    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<Answer<P>> {
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
