//! Many producers on one ring: each claims a ticket, then fills its own slot.
//!
//! The ring is the same and its consumer knows nothing of it: a slot is written by
//! whoever holds its ticket, and shows its turn when that one is done. A producer that is
//! stopped between claim and publish holds up the messages after its own.

use bytemuck::Pod;

use super::error::PushError;
use super::memory::SharedRing;
use super::producer::CLOSING_TURN;
use super::slot;
use super::status::consumer_closed;
use super::words::{SharedCell, SharedRmw, SharedWord};

/// The words that many producers share, on their side of the ring.
///
/// They are no part of the ring's layout and never cross to a device.
#[derive(Debug, Default)]
pub struct SharedTail<W> {
    /// The next ticket nobody has claimed.
    tail: W,
    /// A value the head had.
    head_seen: W,
    /// Producers that are open.
    producer_count: W,
}

impl<W> SharedTail<W> {
    /// Returns the words of a front with one producer, `tail` and `head_seen` at the ring's first
    /// ticket and `producer_count` at 1.
    #[must_use]
    pub const fn new(tail: W, head_seen: W, producer_count: W) -> Self {
        Self { tail, head_seen, producer_count }
    }
}

impl<W: SharedRmw> SharedTail<W> {
    /// Claims the next ticket and publishes `message` under it.
    ///
    /// Some producer makes progress with every round of its loop; a single one may be
    /// overtaken.
    ///
    /// # Errors
    ///
    /// As [`ProducerState::try_push`](super::ProducerState::try_push).
    #[inline]
    pub fn try_push<T: Pod, R: SharedRing>(
        &self,
        ring: &R,
        message: T,
    ) -> Result<(), PushError<T>> {
        let slots = ring.slot_count();
        loop {
            if consumer_closed(ring) {
                return Err(PushError::Closed(message));
            }
            let ticket = self.tail.load_relaxed();
            if slots.is_full(self.head_seen.load_acquire(), ticket) {
                let head = ring.head().load_acquire();
                self.head_seen.store_release(head);
                if slots.is_full(head, ticket) {
                    // An old ticket may be before the head and only look like a full ring.
                    if self.tail.load_relaxed() == ticket {
                        return Err(PushError::Full(message));
                    }
                    continue;
                }
            }
            if self.tail.compare_exchange(ticket, ticket.wrapping_add(1)).is_ok() {
                slot::publish(ring, ticket, &message);
                return Ok(());
            }
        }
    }

    /// Counts one more producer.
    pub fn join(&self) {
        self.change_count(1);
    }

    /// Counts one producer less; the last one closes the ring.
    pub fn leave<R: SharedRing>(&self, ring: &R) {
        if self.change_count(u32::MAX) == 0 {
            // Every claim of the others was published before they left.
            ring.final_tail().publish_release(self.tail.load_acquire(), CLOSING_TURN);
        }
    }

    /// Adds to the count, wrapping, and returns the sum.
    fn change_count(&self, difference: u32) -> u32 {
        let mut count = self.producer_count.load_relaxed();
        loop {
            let changed = count.wrapping_add(difference);
            match self.producer_count.compare_exchange(count, changed) {
                Ok(_) => return changed,
                Err(found) => count = found,
            }
        }
    }
}
