//! The steps of the end that pushes.

use bytemuck::Pod;

use super::error::{Closed, PushBytesError, PushError};
use super::memory::{LINE_DATA_BYTES, SharedRing};
use super::slot;
use super::status::{EndStatus, consumer_closed};
use super::tickets::NEVER;
use super::words::{SharedCell, SharedWord};

/// The private state of a producer: its next ticket and where it last saw the head.
///
/// It borrows no memory: every step is given the ring, so that the same state serves host
/// memory, mapped memory and a device. A ring has one producer state, made together with
/// the ring; `isokern-ring` has an end that keeps both together.
///
/// ```
/// use isokern_core::ring::{ConsumerState, HostRing, PopError, ProducerState, PushError};
///
/// let ring = HostRing::<2, 1>::new();
/// let (mut producer, mut consumer) = (ProducerState::new(), ConsumerState::new());
/// assert_eq!(producer.try_push(&ring, 7_u32), Ok(()));
/// assert_eq!(producer.try_push(&ring, 8_u32), Ok(()));
/// assert_eq!(producer.try_push(&ring, 9_u32), Err(PushError::Full(9)));
/// producer.close(&ring);
/// assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(7));
/// assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(8));
/// assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Closed));
/// ```
#[derive(Debug, Default)]
pub struct ProducerState {
    /// The next ticket to fill.
    tail: u32,
    /// A value the head had; the head is there or further.
    head_seen: u32,
    is_closed: bool,
}

impl ProducerState {
    /// Returns the state for a ring that is all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self::starting_at(0)
    }

    /// Returns the state for a ring whose first ticket is `ticket`, on both ends. The head word of
    /// the ring must be set to it; the cells are zero.
    #[must_use]
    pub const fn starting_at(ticket: u32) -> Self {
        Self { tail: ticket, head_seen: ticket, is_closed: false }
    }

    /// Returns the state of a producer that is gone, by the turns that it left in the slots of
    /// a ring whose first ticket was 0. A message that it had not published whole is not counted.
    ///
    /// ```
    /// use isokern_core::ring::{ConsumerState, HostRing, PopError, ProducerState};
    ///
    /// let ring = HostRing::<2, 1>::new();
    /// ProducerState::new().try_push(&ring, 7_u32)?;
    /// ProducerState::resuming(&ring).close(&ring);
    /// let mut consumer = ConsumerState::new();
    /// assert_eq!(consumer.try_pop::<u32, _>(&ring), Ok(7));
    /// assert_eq!(consumer.try_pop::<u32, _>(&ring), Err(PopError::Closed));
    /// # Ok::<(), isokern_core::ring::PushError<u32>>(())
    /// ```
    pub fn resuming<R: SharedRing>(ring: &R) -> Self {
        let slots = ring.slot_count();
        let turn_of = |slot_index: &u32| ring.cell(*slot_index, 0).poll_acquire().turn;
        let lap = turn_of(&0);
        if lap == NEVER {
            return Self::new();
        }
        // The slots of this lap come first, those of the lap before follow.
        let filled = (0..slots.count()).take_while(|slot_index| turn_of(slot_index) == lap);
        let first_ticket = (lap - 1).wrapping_mul(slots.count());
        Self::starting_at(first_ticket.wrapping_add(filled.count() as u32))
    }

    /// Returns the next ticket to fill.
    #[must_use]
    pub const fn tail(&self) -> u32 {
        self.tail
    }

    /// Publishes `message` in the next slot. Takes a bounded number of steps.
    ///
    /// # Errors
    ///
    /// [`Closed`](PushError::Closed) when either end was closed, [`Full`](PushError::Full)
    /// when no slot is free; the message is inside.
    #[inline]
    pub fn try_push<T: Pod, R: SharedRing>(
        &mut self,
        ring: &R,
        message: T,
    ) -> Result<(), PushError<T>> {
        if self.sees_closed(ring) {
            return Err(PushError::Closed(message));
        }
        let slots = ring.slot_count();
        if slots.is_full(self.head_seen, self.tail) && self.free_slots(ring) == 0 {
            return Err(PushError::Full(message));
        }
        let ahead = self.tail.wrapping_add(AHEAD);
        if !slots.is_full(self.head_seen, ahead) {
            ring.expect_publish(slots.slot_index(ahead));
        }
        self.publish_unchecked(ring, &message);
        Ok(())
    }

    /// Publishes a message whose bytes are known at run time alone, in a bounded number of steps.
    ///
    /// Both ends agree on how many bytes a message has; a slot has room for 64 in each line.
    ///
    /// # Errors
    ///
    /// [`TooLong`](PushBytesError::TooLong) where that is not enough; else as
    /// [`try_push`](Self::try_push).
    ///
    /// ```
    /// use isokern_core::ring::{HostRing, ProducerState, PushBytesError};
    ///
    /// let ring = HostRing::<2, 1>::new();
    /// let mut producer = ProducerState::new();
    /// let refused = producer.try_push_bytes(&ring, &[7; 65]);
    /// assert_eq!(refused, Err(PushBytesError::TooLong { have: 65, room: 64 }));
    /// assert_eq!((producer.try_push_bytes(&ring, &[7; 64]), producer.tail()), (Ok(()), 1));
    /// ```
    pub fn try_push_bytes<R: SharedRing>(
        &mut self,
        ring: &R,
        message: &[u8],
    ) -> Result<(), PushBytesError> {
        let (have, room) = (message.len(), R::LINES * LINE_DATA_BYTES);
        if have > room {
            return Err(PushBytesError::TooLong { have, room });
        }
        if self.sees_closed(ring) {
            return Err(PushError::Closed(()).into());
        }
        if ring.slot_count().is_full(self.head_seen, self.tail) && self.free_slots(ring) == 0 {
            return Err(PushError::Full(()).into());
        }
        slot::publish_bytes(ring, self.tail, message);
        self.tail = self.tail.wrapping_add(1);
        Ok(())
    }

    /// Publishes messages from the front of `messages` while slots are free; their number.
    ///
    /// Each can be taken as soon as it is published; only the looks at the other end are
    /// shared.
    ///
    /// # Errors
    ///
    /// [`Closed`] when either end was closed; nothing was published.
    pub fn push_from<T: Pod, R: SharedRing>(
        &mut self,
        ring: &R,
        messages: &[T],
    ) -> Result<usize, Closed> {
        if self.sees_closed(ring) {
            return Err(Closed);
        }
        let slots = ring.slot_count();
        let mut free = slots.count().saturating_sub(slots.used(self.head_seen, self.tail));
        if (free as usize) < messages.len() {
            free = self.free_slots(ring);
        }
        let mut pushed_count = 0;
        for message in messages.iter().take(free as usize) {
            self.publish_unchecked(ring, message);
            pushed_count += 1;
        }
        Ok(pushed_count)
    }

    /// Publishes without a look at the other end: the caller knows that the slot is free.
    #[inline]
    pub(crate) fn publish_unchecked<T: Pod, R: SharedRing>(&mut self, ring: &R, message: &T) {
        slot::publish(ring, self.tail, message);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Works as [`publish_unchecked`](Self::publish_unchecked), for a message of so many words.
    pub(super) fn publish_words_unchecked<R: SharedRing>(&mut self, ring: &R, words: &[u32]) {
        slot::publish_words(ring, self.tail, words);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Returns the slots free at the time of the call. The consumer may free more at any moment, so
    /// the true number is this or higher, never lower.
    pub fn free_slots<R: SharedRing>(&mut self, ring: &R) -> u32 {
        self.head_seen = ring.head().load_acquire();
        let slots = ring.slot_count();
        slots.count().saturating_sub(slots.used(self.head_seen, self.tail))
    }

    /// Returns whether either end was closed. `true` stays; `false` may change at any moment.
    #[inline]
    pub fn sees_closed<R: SharedRing>(&self, ring: &R) -> bool {
        self.is_closed || consumer_closed(ring)
    }

    /// Says whether this end sleeps until a slot is free.
    pub fn announce_waiting<R: SharedRing>(&self, ring: &R, is_waiting: bool) {
        let status = if is_waiting { EndStatus::WAITING } else { EndStatus::default() };
        ring.producer_status().store_release(status.bits());
    }

    /// Closes the ring from this end: the consumer still gets everything published, then
    /// learns that no more comes. Closing twice is closing once.
    pub fn close<R: SharedRing>(&mut self, ring: &R) {
        if !self.is_closed {
            self.is_closed = true;
            ring.final_tail().publish_release(self.tail, CLOSING_TURN);
        }
    }
}

/// How many slots ahead a free slot is brought near, so that the stores to it need not wait.
const AHEAD: u32 = 8;

/// The turn of a published final tail.
pub(super) const CLOSING_TURN: u32 = 1;

#[cfg(test)]
mod tests {
    use super::super::{ConsumerState, HostRing, ProducerState, SharedCell, SharedRing};

    #[test]
    fn what_a_producer_published_is_known_when_it_is_gone() {
        let ring = HostRing::<4, 1>::new();
        let (mut producer, mut consumer) = (ProducerState::new(), ConsumerState::new());
        for count in 0..11_u32 {
            assert_eq!(ProducerState::resuming(&ring).tail(), count);
            producer.try_push(&ring, count).expect("there is room");
            consumer.try_pop::<u32, _>(&ring).expect("one is there");
        }
        // Other cells of the next message are written, its first is not.
        ring.cell(3, 5).publish(1, 3);
        assert_eq!(ProducerState::resuming(&ring).tail(), 11);
    }
}
