//! The steps of the end that pops.

use core::cell::Cell;

use bytemuck::Pod;

use super::error::PopError;
use super::memory::SharedRing;
use super::producer::CLOSING_TURN;
use super::slot;
use super::status::EndStatus;
use super::words::{SharedCell, SharedWord};

/// The private state of a consumer: the next ticket it takes.
///
/// As [`ProducerState`](super::ProducerState), it borrows no memory, and a ring has one.
#[derive(Debug, Default)]
pub struct ConsumerState {
    /// The next ticket to take.
    head: u32,
    /// Messages taken since the ring was last found empty.
    run: u32,
    is_closed: bool,
}

/// So many messages in a row make a stream: the producer is ahead, and the slots ahead are
/// worth bringing near.
const STREAM: u32 = 16;

/// How many slots ahead of a stream are brought near. Half of [`STREAM`], so that they are
/// published and not being written.
const AHEAD: u32 = 8;

impl ConsumerState {
    /// Returns the state for a ring that is all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self::starting_at(0)
    }

    /// Returns the state for a ring whose first ticket is `ticket`, on both ends.
    #[must_use]
    pub const fn starting_at(ticket: u32) -> Self {
        Self { head: ticket, run: 0, is_closed: false }
    }

    /// Returns the next ticket to take.
    #[must_use]
    pub const fn head(&self) -> u32 {
        self.head
    }

    /// Takes the next message and frees its slot. Takes a bounded number of steps.
    ///
    /// After sixteen messages in a row slots are freed in batches
    /// ([`SlotCount::release_batch`](super::SlotCount::release_batch)) and whenever the ring
    /// is found empty: a head that changes with every message costs the producer a line from
    /// another core each time it looks.
    ///
    /// # Errors
    ///
    /// [`Empty`](PopError::Empty) when it is not published yet,
    /// [`Closed`](PopError::Closed) when none will ever come: the producer closed and
    /// everything it published was taken.
    #[inline]
    pub fn try_pop<T: Pod, R: SharedRing>(&mut self, ring: &R) -> Result<T, PopError> {
        let is_stream = self.run >= STREAM;
        let taken = self.try_take(ring);
        let batch = ring.slot_count().release_batch();
        let is_due = match taken {
            Ok(_) => !is_stream || self.head.is_multiple_of(batch),
            Err(_) => is_stream,
        };
        if is_due {
            self.publish_head(ring);
        }
        taken
    }

    /// Takes the next message, whose bytes are known at run time alone, and frees its slot.
    ///
    /// On an error `message` may have some of its bytes. A slot has room for 64 in each line;
    /// bytes of `message` past that stay as they are.
    ///
    /// ```
    /// use isokern_core::ring::{ConsumerState, HostRing, PopError, ProducerState, PushBytesError};
    ///
    /// let ring = HostRing::<2, 1>::new();
    /// let (mut producer, mut consumer) = (ProducerState::new(), ConsumerState::new());
    /// producer.try_push_bytes(&ring, b"sensor")?;
    /// let mut message = [0; 6];
    /// assert_eq!(consumer.try_pop_bytes(&ring, &mut message), Ok(()));
    /// assert_eq!(&message, b"sensor");
    /// assert_eq!(consumer.try_pop_bytes(&ring, &mut message), Err(PopError::Empty));
    /// # Ok::<(), PushBytesError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    pub fn try_pop_bytes<R: SharedRing>(
        &mut self,
        ring: &R,
        message: &mut [u8],
    ) -> Result<(), PopError> {
        let message = Cell::from_mut(message).as_slice_of_cells();
        self.try_take_by(ring, |ring, ticket| slot::take_bytes(ring, ticket, message))?;
        self.publish_head(ring);
        Ok(())
    }

    /// Takes the next message and leaves its slot occupied, for rings where something else
    /// frees it (a reply, an acknowledgement, [`publish_head`](Self::publish_head) after a
    /// batch).
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    #[inline]
    pub fn try_take<T: Pod, R: SharedRing>(&mut self, ring: &R) -> Result<T, PopError> {
        self.try_take_by(ring, slot::take)
    }

    /// Takes the next message and, where `is_followed` says so of it, what follows it in its
    /// slot, from the next cell on. Leaves the slot occupied, as [`try_take`](Self::try_take).
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    #[inline]
    pub fn try_take_followed<T: Pod, E: Pod, R: SharedRing>(
        &mut self,
        ring: &R,
        is_followed: impl Fn(&T) -> bool,
    ) -> Result<(T, Option<E>), PopError> {
        self.try_take_by(ring, |ring, ticket| {
            let message = slot::take(ring, ticket)?;
            if is_followed(&message) {
                Some((message, Some(slot::take_rest::<T, E, R>(ring, ticket)?)))
            } else {
                Some((message, None))
            }
        })
    }

    #[inline]
    fn try_take_by<T, R: SharedRing>(
        &mut self,
        ring: &R,
        take: impl Fn(&R, u32) -> Option<T>,
    ) -> Result<T, PopError> {
        if self.run >= STREAM {
            ring.expect_poll(ring.slot_count().slot_index(self.head.wrapping_add(AHEAD)));
        }
        match take(ring, self.head) {
            Some(message) => {
                self.head = self.head.wrapping_add(1);
                self.run = self.run.saturating_add(1);
                Ok(message)
            }
            None => self.take_last(ring, take),
        }
    }

    /// Tells the producer that every slot before the next ticket is free.
    #[inline]
    pub fn publish_head<R: SharedRing>(&self, ring: &R) {
        ring.head().store_release(self.head);
    }

    /// Takes messages into the front of `messages` while there are any; their number. The
    /// slots are freed together at the end.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop), when there was not even one. An empty `messages` is
    /// `Ok(0)`.
    pub fn pop_into<T: Pod, R: SharedRing>(
        &mut self,
        ring: &R,
        messages: &mut [T],
    ) -> Result<usize, PopError> {
        let mut taken_count = 0;
        for place in messages {
            match self.try_take(ring) {
                Ok(message) => *place = message,
                Err(error) if taken_count == 0 => return Err(error),
                Err(_) => break,
            }
            taken_count += 1;
        }
        self.publish_head(ring);
        Ok(taken_count)
    }

    /// Returns how many messages are published and not taken, counted slot by slot.
    ///
    /// The producer may publish more at any moment, so the true number is this or higher,
    /// never lower.
    pub fn len<R: SharedRing>(&self, ring: &R) -> u32 {
        let is_published = |offset: &u32| self.is_published(ring, self.head.wrapping_add(*offset));
        (0..ring.slot_count().count()).take_while(is_published).count() as u32
    }

    /// Returns whether nothing is published. `false` stays until this end takes a message; `true`
    /// may change at any moment.
    #[inline]
    pub fn is_empty<R: SharedRing>(&self, ring: &R) -> bool {
        !self.is_published(ring, self.head)
    }

    /// Returns whether the producer closed. Messages may be left. `true` stays.
    pub fn sees_closed<R: SharedRing>(&self, ring: &R) -> bool {
        ring.final_tail().poll_acquire().turn == CLOSING_TURN
    }

    /// Says whether this end sleeps until a message comes.
    pub fn announce_waiting<R: SharedRing>(&self, ring: &R, is_waiting: bool) {
        let waiting = if is_waiting { EndStatus::WAITING } else { EndStatus::default() };
        ring.consumer_status().store_release(self.own_status().union(waiting).bits());
    }

    /// Closes the ring from this end: the producer's next push fails. What is in the ring can
    /// still be taken; a push that was under way may add one more message, so only
    /// [`PopError::Closed`] says that no message remains.
    pub fn close<R: SharedRing>(&mut self, ring: &R) {
        self.is_closed = true;
        ring.consumer_status().store_release(self.own_status().bits());
    }

    /// Returns whether this end was closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn own_status(&self) -> EndStatus {
        if self.is_closed { EndStatus::CLOSED } else { EndStatus::default() }
    }

    fn is_published<R: SharedRing>(&self, ring: &R, ticket: u32) -> bool {
        let slots = ring.slot_count();
        ring.cell(slots.slot_index(ticket), 0).poll_acquire().turn == slots.turn(ticket)
    }

    /// Returns why nothing was there: empty for now, or for good.
    #[cold]
    fn take_last<T, R: SharedRing>(
        &mut self,
        ring: &R,
        take: impl Fn(&R, u32) -> Option<T>,
    ) -> Result<T, PopError> {
        self.run = 0;
        match ring.final_tail().poll_acquire().at_turn(CLOSING_TURN) {
            None => Err(PopError::Empty),
            Some(tail) if tail == self.head => Err(PopError::Closed),
            // Published between the two looks, and by now seen, or still on its way.
            Some(_) => {
                let message = take(ring, self.head).ok_or(PopError::Empty)?;
                self.head = self.head.wrapping_add(1);
                Ok(message)
            }
        }
    }
}
