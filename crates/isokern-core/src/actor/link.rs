//! Links: the way from one actor to another.

use bytemuck::Pod;

use super::bells::Bells;
use super::memory::{ActorMemory, Mailbox};
use super::outbox::{LinkCredit, OutboxEntry};
use crate::ring::{CountWriter, PushError, RequesterState, SharedRing, link_capacity_bytes};

/// Counts of a link's request ring, as `protocol.md` numbers them.
const ACCEPTED: usize = 0;
const REFUSED: usize = 1;

/// The requester of a mailbox, in the hands of another actor: it tells and asks nothing.
///
/// Made by the runtime when an actor is linked; the runner of the linking actor owns it. The
/// mailbox closes when it is dropped, whoever has it then. How many messages it passed on, and
/// how many were refused, it shows in the counts of the mailbox's request ring.
#[derive(Debug)]
pub struct LinkEnd<M: ActorMemory> {
    memory: M,
    mailbox_index: usize,
    message_bytes: usize,
    state: RequesterState,
    sequence: u32,
    accepted_count: u64,
    refused_count: u64,
    counts: CountWriter,
    is_closed: bool,
}

impl<M: ActorMemory> LinkEnd<M> {
    /// Returns the link to a mailbox that nobody else sends to, for messages of type `T`.
    ///
    /// `None` when there is no such mailbox, or when `T` is longer than
    /// [`capacity_bytes`](Self::capacity_bytes).
    #[must_use]
    pub fn try_new<T: Pod>(memory: M, mailbox_index: usize) -> Option<Self> {
        let message_bytes = size_of::<T>();
        if message_bytes > Self::capacity_bytes() {
            return None;
        }
        let mut counts = CountWriter::new();
        counts.show(memory.mailbox(mailbox_index)?.requests(), ACCEPTED, 0);
        Some(Self {
            memory,
            mailbox_index,
            message_bytes,
            state: RequesterState::new(),
            sequence: 0,
            accepted_count: 0,
            refused_count: 0,
            counts,
            is_closed: false,
        })
    }

    /// Returns the bytes that a message to such a mailbox may have: 32 where a slot has one
    /// line, else 48.
    #[must_use]
    pub const fn capacity_bytes() -> usize {
        let slot_bytes = link_capacity_bytes(<<M::Mailbox as Mailbox>::Requests>::LINES);
        if slot_bytes < OutboxEntry::BYTES_MAX { slot_bytes } else { OutboxEntry::BYTES_MAX }
    }

    /// Returns what the link takes now: this or more.
    pub fn credit(&mut self) -> LinkCredit {
        let mailbox = self.memory.mailbox(self.mailbox_index);
        let free_slots = mailbox.map_or(0, |mailbox| self.state.free_slots(mailbox.requests()));
        LinkCredit { free_slots, message_bytes: self.message_bytes }
    }

    /// Passes on an outbox entry, which has a slot reserved, with the header it was put in with.
    ///
    /// # Errors
    ///
    /// [`PushError::Closed`] when the linked actor takes no more;
    /// [`PushError::Full`] when the entry had no slot reserved.
    pub fn pass_on(&mut self, entry: &OutboxEntry) -> Result<(), PushError<()>> {
        let Some(mailbox) = self.memory.mailbox(self.mailbox_index) else {
            return Err(PushError::Closed(()));
        };
        let (words, word_count) = entry.words(self.sequence);
        let words = words.get(..word_count).unwrap_or(&words);
        let outcome = self.state.try_push_words(mailbox.requests(), words);
        match outcome {
            Ok(()) => {
                self.accepted_count += 1;
                self.sequence = self.sequence.wrapping_add(1);
                self.counts.show(mailbox.requests(), ACCEPTED, self.accepted_count);
            }
            Err(_) => {
                self.refused_count += 1;
                self.counts.show(mailbox.requests(), REFUSED, self.refused_count);
            }
        }
        self.memory.bells().ring_actor();
        outcome
    }

    /// Tells the linked actor that nothing more comes from here. Dropping the link does the same.
    pub fn close(&mut self) {
        if let Some(mailbox) = self.memory.mailbox(self.mailbox_index)
            && !self.is_closed
        {
            self.is_closed = true;
            self.state.close(mailbox.requests());
            self.memory.bells().ring_actor();
        }
    }
}

impl<M: ActorMemory> Drop for LinkEnd<M> {
    fn drop(&mut self) {
        self.close();
    }
}
