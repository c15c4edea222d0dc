//! The private state of a link: how its messages get into a ring of requests.

use super::outbox::{LinkCredit, OutboxEntry};
use crate::ring::{CountWriter, PushError, RequesterState, SharedRing};

/// Counts of a link's request ring, as `protocol.md` numbers them.
const ACCEPTED: usize = 0;
const REFUSED: usize = 1;

/// What the producer of a link knows: its place in the ring, and what it shows of itself.
///
/// It borrows no memory; every step is given the ring, always the same one.
/// [`LinkEnd`](super::LinkEnd) keeps both together.
///
/// ```
/// use isokern_core::actor::{LinkState, OutboxEntry};
/// use isokern_core::ring::{HostRing, PushError};
///
/// let requests = HostRing::<2, 1>::new();
/// let mut link = LinkState::begin(&requests, 4);
/// assert_eq!(link.credit(&requests).free_slots, 2);
/// link.close(&requests);
/// assert_eq!(link.pass_on(&requests, &OutboxEntry::EMPTY), Err(PushError::Closed(())));
/// ```
#[derive(Debug)]
pub struct LinkState {
    message_bytes: usize,
    state: RequesterState,
    sequence: u32,
    accepted_count: u64,
    refused_count: u64,
    counts: CountWriter,
    is_closed: bool,
}

impl LinkState {
    /// Returns the state of a link whose messages have so many bytes, over a ring to which nothing
    /// was pushed, and shows in the ring that it is a link's. Showing it twice is showing it once.
    pub fn begin<R: SharedRing>(requests: &R, message_bytes: usize) -> Self {
        let mut counts = CountWriter::new();
        counts.show(requests, ACCEPTED, 0);
        Self {
            message_bytes,
            state: RequesterState::new(),
            sequence: 0,
            accepted_count: 0,
            refused_count: 0,
            counts,
            is_closed: false,
        }
    }

    /// Returns the bytes of a message.
    #[must_use]
    pub const fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// Returns whether nothing was passed on, refused or closed here.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.accepted_count == 0 && self.refused_count == 0 && !self.is_closed
    }

    /// Returns what the link takes now: this or more.
    pub fn credit<R: SharedRing>(&mut self, requests: &R) -> LinkCredit {
        let free_slots = self.state.free_slots(requests);
        LinkCredit { free_slots, message_bytes: self.message_bytes }
    }

    /// Passes on an outbox entry, which has a slot reserved, with the header it was put in with.
    ///
    /// # Errors
    ///
    /// [`PushError::Closed`] when the linked actor takes no more;
    /// [`PushError::Full`] when the entry had no slot reserved.
    pub fn pass_on<R: SharedRing>(
        &mut self,
        requests: &R,
        entry: &OutboxEntry,
    ) -> Result<(), PushError<()>> {
        let (words, word_count) = entry.words(self.sequence);
        let words = words.get(..word_count).unwrap_or(&words);
        let outcome = self.state.try_push_words(requests, words);
        match outcome {
            Ok(()) => {
                self.accepted_count += 1;
                self.sequence = self.sequence.wrapping_add(1);
                self.counts.show(requests, ACCEPTED, self.accepted_count);
            }
            Err(_) => {
                self.refused_count += 1;
                self.counts.show(requests, REFUSED, self.refused_count);
            }
        }
        outcome
    }

    /// Closes the ring from this end and returns `true`; `false` when it was closed before.
    pub fn close<R: SharedRing>(&mut self, requests: &R) -> bool {
        if self.is_closed {
            return false;
        }
        self.is_closed = true;
        self.state.close(requests);
        true
    }

    /// Leaves the ring as it is: another producer has it.
    pub(super) const fn leave(&mut self) {
        self.is_closed = true;
    }
}
