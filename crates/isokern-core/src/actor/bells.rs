//! Bells: how the two sides of an actor wake each other.

use core::task::Waker;

use super::fresh::Fresh;

/// Wakes the sides of one actor; part of its memory, not of the layout they share.
///
/// The order that loses no wake-up: publish, *then* ring; on the other side register,
/// *then* look. Where nobody sleeps there is nothing to wake: [`Silent`].
pub trait Bells {
    /// Wakes the actor: a message was pushed, a ring closed, the host line changed.
    fn ring_actor(&self);

    /// Keeps the waker of the task that runs the actor, for the next
    /// [`ring_actor`](Self::ring_actor), in place of an earlier one.
    ///
    /// By default it wakes the task at once: an actor that runs as a task looks again and again.
    fn register_actor(&self, waker: &Waker) {
        waker.wake_by_ref();
    }

    /// Keeps the waker of whoever waits for the reply to a sequence.
    fn register(&self, mailbox_index: usize, sequence: u32, waker: &Waker);

    /// Wakes who waits for the reply to a sequence.
    fn ring_requester(&self, mailbox_index: usize, sequence: u32);

    /// Wakes everybody who waits for a reply: none will come.
    fn ring_all(&self);
}

/// Bells that make no sound: both sides look again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silent;

impl Fresh for Silent {
    const FRESH: Self = Self;
}

impl Bells for Silent {
    fn ring_actor(&self) {}

    fn register(&self, _: usize, _: u32, waker: &Waker) {
        waker.wake_by_ref();
    }

    fn ring_requester(&self, _: usize, _: u32) {}

    fn ring_all(&self) {}
}
