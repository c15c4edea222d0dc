//! The memory an actor shares with those who send to it.

use super::bells::Bells;
use crate::ring::{ControlLine, SharedRing};

/// The most mailboxes an actor may own.
pub const MAILBOX_COUNT_MAX: usize = 4;

/// One way to an actor: a ring of requests and a ring of replies, as long as each other.
pub trait Mailbox {
    /// The ring that one requester pushes to.
    type Requests: SharedRing;
    /// The ring that the actor answers on.
    type Replies: SharedRing;

    /// Returns the ring of requests.
    fn requests(&self) -> &Self::Requests;

    /// Returns the ring of replies.
    fn replies(&self) -> &Self::Replies;
}

/// Control lines and mailboxes of one actor, wherever they live.
///
/// A mailbox has one requester. Mailbox 0 is served first; the others follow in order, and
/// one that was passed over often enough gets its turn, so that none starves.
pub trait ActorMemory {
    /// One way to the actor.
    type Mailbox: Mailbox;
    /// The lines on which the two sides say what they are doing.
    type Line: ControlLine;
    /// How the two sides wake each other.
    type Bells: Bells;
    /// One `T` for each slot of a mailbox, for the requester's own notes.
    type PerSlot<T>: AsRef<[T]> + AsMut<[T]>;

    /// Returns how many mailboxes there are, 1 to [`MAILBOX_COUNT_MAX`].
    fn mailbox_count(&self) -> usize;

    /// Returns a mailbox; `None` from [`mailbox_count`](Self::mailbox_count) on.
    fn mailbox(&self, index: usize) -> Option<&Self::Mailbox>;

    /// Returns the line the host side writes.
    fn host_line(&self) -> &Self::Line;

    /// Returns the line the actor's side writes.
    fn device_line(&self) -> &Self::Line;

    /// Returns the bells.
    fn bells(&self) -> &Self::Bells;

    /// Makes a `T` for each slot of a mailbox, by its index.
    fn per_slot<T>(make: impl FnMut(usize) -> T) -> Self::PerSlot<T>;
}

impl<M: ActorMemory> ActorMemory for &M {
    type Mailbox = M::Mailbox;
    type Line = M::Line;
    type Bells = M::Bells;
    type PerSlot<T> = M::PerSlot<T>;

    fn mailbox_count(&self) -> usize {
        M::mailbox_count(self)
    }

    fn mailbox(&self, index: usize) -> Option<&Self::Mailbox> {
        M::mailbox(self, index)
    }

    fn host_line(&self) -> &Self::Line {
        M::host_line(self)
    }

    fn device_line(&self) -> &Self::Line {
        M::device_line(self)
    }

    fn bells(&self) -> &Self::Bells {
        M::bells(self)
    }

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> Self::PerSlot<T> {
        M::per_slot(make)
    }
}

#[cfg(feature = "std")]
impl<M: ActorMemory> ActorMemory for std::sync::Arc<M> {
    type Mailbox = M::Mailbox;
    type Line = M::Line;
    type Bells = M::Bells;
    type PerSlot<T> = M::PerSlot<T>;

    fn mailbox_count(&self) -> usize {
        M::mailbox_count(self)
    }

    fn mailbox(&self, index: usize) -> Option<&Self::Mailbox> {
        M::mailbox(self, index)
    }

    fn host_line(&self) -> &Self::Line {
        M::host_line(self)
    }

    fn device_line(&self) -> &Self::Line {
        M::device_line(self)
    }

    fn bells(&self) -> &Self::Bells {
        M::bells(self)
    }

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> Self::PerSlot<T> {
        M::per_slot(make)
    }
}
