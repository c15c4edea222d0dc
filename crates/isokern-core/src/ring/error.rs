//! Errors of rings, why a push or a pop failed: full, empty or closed.

use thiserror::Error;

/// The message was not pushed; it is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum PushError<M> {
    /// Every slot holds a message.
    #[error("the ring is full. Fix: try again later, or wait with `push`")]
    Full(M),
    /// The consumer is gone for good.
    #[error("the consumer has closed the ring. Fix: stop pushing, or open a new ring")]
    Closed(M),
}

impl<M> PushError<M> {
    /// Takes the message back.
    #[must_use]
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }

    /// Returns whether a later try may succeed.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

/// The bytes were not pushed.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PushBytesError {
    /// No slot is free, or the consumer is gone.
    #[error(transparent)]
    Refused(#[from] PushError<()>),
    /// They are more than a slot has room for.
    #[error(
        "{have} bytes do not fit a slot of {room}. Fix: push at most {room}, or make the ring with \
         more lines in a slot"
    )]
    TooLong {
        /// Bytes of the message.
        have: usize,
        /// Bytes of a slot.
        room: usize,
    },
}

/// No message was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum PopError {
    /// Nothing is published for the next ticket yet.
    #[error("the ring is empty. Fix: try again later, or wait with `pop`")]
    Empty,
    /// The producer is gone, and everything it published was taken.
    #[error("the producer has closed the ring and it is drained. Fix: stop popping")]
    Closed,
}

/// The other end of the ring is gone for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[error("the other end has closed the ring. Fix: stop using this end, or open a new ring")]
pub struct Closed;
