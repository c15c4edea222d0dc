//! Outcomes: what becomes of the messages that an actor takes, as counters have it.

use super::reply::ActorError;
use crate::ring::COUNT_MAX;

/// The outcome of a message: each has exactly one.
///
/// Of messages that get no reply the actor shows how many came to each, in this order, in the
/// counts of the mailbox's reply ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its handler returned `Ok`.
    Done,
    /// Its handler returned an error.
    Failed,
    /// Its deadline passed, before or while it was handled.
    Expired,
    /// A fault took it away.
    Faulted,
    /// The actor was stopped before it was handled to its end.
    Stopped,
    /// The actor would not take it, for its buffer or its kind.
    Dropped,
}

// Both sides read these numbers: a change is a change of protocol.
const _: () = {
    assert!(Outcome::ALL.len() <= COUNT_MAX);
    let mut index = 0;
    while index < Outcome::ALL.len() {
        assert!(Outcome::ALL[index].index() == index);
        index += 1;
    }
};

impl Outcome {
    /// Every outcome, in the order of its counts.
    pub const ALL: [Self; 6] =
        [Self::Done, Self::Failed, Self::Expired, Self::Faulted, Self::Stopped, Self::Dropped];

    /// Returns its place in the order.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the outcome that a result represents.
    #[must_use]
    pub const fn of<T>(result: &Result<T, ActorError>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(ActorError::Handler { .. }) => Self::Failed,
            Err(ActorError::Expired | ActorError::TimedOut) => Self::Expired,
            Err(ActorError::ActorFaulted) => Self::Faulted,
            Err(ActorError::Stopped) => Self::Stopped,
            Err(ActorError::BufferRefused | ActorError::KindUnknown) => Self::Dropped,
        }
    }
}
