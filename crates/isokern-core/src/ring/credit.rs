//! Requests and replies over two rings, where the reply is the credit.
//!
//! The requester pushes request k + N only after it has seen that request k is done with, by
//! its reply or by the acknowledgement of messages that get none. So the replier never looks
//! whether a ring is full, and a device never reads host memory for credit:
//!
//! * a request slot is free, because the replier takes in order, and every reply and every
//!   acknowledged message is one that it took;
//! * a reply slot is free, because at most N asks are without reply.

use bytemuck::Pod;

use super::consumer::ConsumerState;
use super::error::{PopError, PushError};
use super::memory::SharedRing;
use super::producer::ProducerState;
use super::tickets::next_turn;
use super::words::SharedCell;

/// The private state of a requester. Both rings have the same number of slots, or the reply
/// ring more.
///
/// ```
/// use isokern_core::ring::{HostRing, PushError, ReplierState, RequesterState};
///
/// let (requests, replies) = (HostRing::<2, 1>::new(), HostRing::<2, 1>::new());
/// let (mut requester, mut replier) = (RequesterState::new(), ReplierState::new());
/// requester.try_push(&requests, 1_u32)?;
/// requester.try_push(&requests, 2_u32)?;
/// assert_eq!(requester.try_push(&requests, 3_u32), Err(PushError::Full(3)));
///
/// let request: u32 = replier.try_pop(&requests).expect("two are there");
/// replier.reply(&replies, request * 10)?;
/// assert_eq!(requester.try_pop_reply(&replies), Ok(10_u32));
/// requester.try_push(&requests, 3_u32)?; // the reply was the credit
/// # Ok::<(), PushError<u32>>(())
/// ```
#[derive(Debug, Default)]
pub struct RequesterState {
    requests: ProducerState,
    replies: ConsumerState,
    replied_count: u32,
    /// Requests without reply that are known to be done with.
    acknowledged_count: u32,
    first_ticket: u32,
}

/// The private state of a replier.
#[derive(Debug, Default)]
pub struct ReplierState {
    requests: ConsumerState,
    replies: ProducerState,
    /// Requests taken that were neither replied to nor acknowledged.
    owed_count: u32,
    acknowledged_count: u32,
    /// What the requester was last told.
    published_count: u32,
    turn: u32,
}

impl RequesterState {
    /// Returns the state for two rings that are all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self::starting_at(0)
    }

    /// Returns the state for rings whose first ticket is `ticket`.
    #[must_use]
    pub const fn starting_at(ticket: u32) -> Self {
        Self {
            requests: ProducerState::starting_at(ticket),
            replies: ConsumerState::starting_at(ticket),
            replied_count: 0,
            acknowledged_count: 0,
            first_ticket: ticket,
        }
    }

    /// Publishes a request, with or without a reply to come.
    ///
    /// # Errors
    ///
    /// [`Full`](PushError::Full) while N requests are neither replied to nor acknowledged,
    /// [`Closed`](PushError::Closed) when the replier closed; the message is inside.
    #[inline]
    pub fn try_push<T: Pod, R: SharedRing>(
        &mut self,
        requests: &R,
        message: T,
    ) -> Result<(), PushError<T>> {
        self.try_push_by(requests, message, |producer, message| {
            producer.publish_unchecked(requests, message);
        })
    }

    /// Publishes a request of so many words, the first in cell 0; those that a slot has no
    /// cells for are left out.
    ///
    /// # Errors
    ///
    /// As [`try_push`](Self::try_push).
    pub fn try_push_words<R: SharedRing>(
        &mut self,
        requests: &R,
        words: &[u32],
    ) -> Result<(), PushError<()>> {
        self.try_push_by(requests, (), |producer, ()| {
            producer.publish_words_unchecked(requests, words);
        })
    }

    #[inline]
    fn try_push_by<T, R: SharedRing>(
        &mut self,
        requests: &R,
        message: T,
        publish: impl FnOnce(&mut ProducerState, &T),
    ) -> Result<(), PushError<T>> {
        if self.requests.sees_closed(requests) {
            return Err(PushError::Closed(message));
        }
        if self.free_slots(requests) == 0 {
            return Err(PushError::Full(message));
        }
        publish(&mut self.requests, &message);
        Ok(())
    }

    /// Takes the next reply.
    ///
    /// # Errors
    ///
    /// As [`ConsumerState::try_pop`].
    #[inline]
    pub fn try_pop_reply<T: Pod, R: SharedRing>(&mut self, replies: &R) -> Result<T, PopError> {
        let reply = self.replies.try_take(replies)?;
        self.replied_count = self.replied_count.wrapping_add(1);
        Ok(reply)
    }

    /// Requests that could be pushed now. Looks at the acknowledgement only when replies
    /// alone give no credit. The true number is this or higher.
    pub fn free_slots<R: SharedRing>(&mut self, requests: &R) -> u32 {
        let slots = requests.slot_count();
        let free = slots.count().saturating_sub(slots.used(self.done(), self.requests.tail()));
        if free != 0 {
            return free;
        }
        self.refresh(requests);
        slots.count().saturating_sub(slots.used(self.done(), self.requests.tail()))
    }

    /// Looks which messages without reply are done with.
    pub fn refresh<R: SharedRing>(&mut self, requests: &R) {
        if let Some(cell) = requests.acknowledgement().read() {
            self.acknowledged_count = cell.data;
        }
    }

    /// Requests pushed and not known to be done with.
    #[must_use]
    pub fn outstanding(&self) -> u32 {
        self.requests.tail().wrapping_sub(self.done())
    }

    /// Closes the request ring; replies to what was pushed can still be taken.
    pub fn close<R: SharedRing>(&mut self, requests: &R) {
        self.requests.close(requests);
    }

    /// Returns the end that takes replies, for looking and waiting.
    #[must_use]
    pub const fn replies(&self) -> &ConsumerState {
        &self.replies
    }

    /// Returns the ticket before which the replier has taken every request.
    fn done(&self) -> u32 {
        let count = self.replied_count.wrapping_add(self.acknowledged_count);
        self.first_ticket.wrapping_add(count)
    }
}

impl ReplierState {
    /// Returns the state for two rings that are all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self::starting_at(0)
    }

    /// Returns the state for rings whose first ticket is `ticket`.
    #[must_use]
    pub const fn starting_at(ticket: u32) -> Self {
        Self {
            requests: ConsumerState::starting_at(ticket),
            replies: ProducerState::starting_at(ticket),
            owed_count: 0,
            acknowledged_count: 0,
            published_count: 0,
            turn: 0,
        }
    }

    /// Takes the next request. When there is none, tells the requester what was acknowledged
    /// and not yet told, so that it never waits for an acknowledgement held back.
    ///
    /// # Errors
    ///
    /// As [`ConsumerState::try_pop`].
    #[inline]
    pub fn try_pop<T: Pod, R: SharedRing>(&mut self, requests: &R) -> Result<T, PopError> {
        let request = self.requests.try_take(requests);
        self.note(requests, request)
    }

    /// Takes the next request and what follows it in its slot, where `is_followed` says so.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    #[inline]
    pub fn try_pop_followed<T: Pod, E: Pod, R: SharedRing>(
        &mut self,
        requests: &R,
        is_followed: impl Fn(&T) -> bool,
    ) -> Result<(T, Option<E>), PopError> {
        let request = self.requests.try_take_followed(requests, is_followed);
        self.note(requests, request)
    }

    /// Publishes a reply to one of the requests taken. Never looks for space.
    ///
    /// # Errors
    ///
    /// [`Full`](PushError::Full) when no request is without reply,
    /// [`Closed`](PushError::Closed) when the requester takes no more replies.
    #[inline]
    pub fn reply<T: Pod, R: SharedRing>(
        &mut self,
        replies: &R,
        message: T,
    ) -> Result<(), PushError<T>> {
        if self.replies.sees_closed(replies) {
            return Err(PushError::Closed(message));
        }
        let Some(owed_count) = self.owed_count.checked_sub(1) else {
            return Err(PushError::Full(message));
        };
        self.owed_count = owed_count;
        self.replies.publish_unchecked(replies, &message);
        Ok(())
    }

    /// Counts one of the requests taken as done without reply. The requester learns of it
    /// after a quarter of the slots, or as soon as the ring is found empty.
    pub fn acknowledge<R: SharedRing>(&mut self, requests: &R) {
        let Some(owed_count) = self.owed_count.checked_sub(1) else {
            return;
        };
        let is_told = self.tells_next(requests);
        self.owed_count = owed_count;
        self.acknowledged_count = self.acknowledged_count.wrapping_add(1);
        if is_told {
            self.publish_acknowledgement(requests);
        }
    }

    /// Says whether the next [`acknowledge`](Self::acknowledge) tells the requester: what has to
    /// be seen with it is published before.
    pub fn tells_next<R: SharedRing>(&self, requests: &R) -> bool {
        let held_back = self.acknowledged_count.wrapping_sub(self.published_count);
        held_back.wrapping_add(1) >= requests.slot_count().count() / 4
    }

    /// Requests taken that were neither replied to nor acknowledged.
    #[must_use]
    pub const fn owed(&self) -> u32 {
        self.owed_count
    }

    /// Closes the request ring from this end: what is in it can still be taken and answered.
    pub fn refuse<R: SharedRing>(&mut self, requests: &R) {
        self.requests.close(requests);
    }

    /// Closes both rings from this end: no more requests are wanted, no more replies come.
    pub fn close<R: SharedRing, S: SharedRing>(&mut self, requests: &R, replies: &S) {
        self.publish_acknowledgement(requests);
        self.requests.close(requests);
        self.replies.close(replies);
    }

    /// Returns the end that takes requests, for looking and waiting.
    #[must_use]
    pub const fn requests(&self) -> &ConsumerState {
        &self.requests
    }

    #[inline]
    fn note<T, R: SharedRing>(
        &mut self,
        requests: &R,
        request: Result<T, PopError>,
    ) -> Result<T, PopError> {
        match request {
            Ok(_) => self.owed_count = self.owed_count.wrapping_add(1),
            Err(_) => self.publish_acknowledgement(requests),
        }
        request
    }

    fn publish_acknowledgement<R: SharedRing>(&mut self, requests: &R) {
        if self.acknowledged_count != self.published_count {
            self.published_count = self.acknowledged_count;
            self.turn = next_turn(self.turn);
            requests.acknowledgement().replace(self.published_count, self.turn);
        }
    }
}
