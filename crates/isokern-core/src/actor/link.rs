//! Links: the way from one actor to another.

use bytemuck::Pod;

use super::bells::Bells;
use super::link_state::LinkState;
use super::memory::{ActorMemory, Mailbox};
use super::outbox::{LinkCredit, OutboxEntry};
use crate::ring::{PushError, SharedRing, link_capacity_bytes};

/// The requester of a mailbox, in the hands of another actor: it tells and asks nothing.
///
/// Made by the runtime when an actor is linked; the runner of the linking actor owns it. The
/// mailbox closes when it is dropped, whoever has it then. How many messages it passed on, and
/// how many were refused, it shows in the counts of the mailbox's request ring.
#[derive(Debug)]
pub struct LinkEnd<M: ActorMemory> {
    memory: M,
    mailbox_index: usize,
    state: LinkState,
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
        let state = LinkState::begin(memory.mailbox(mailbox_index)?.requests(), message_bytes);
        Some(Self { memory, mailbox_index, state })
    }

    /// Returns the bytes that a message to such a mailbox may have: 32 where a slot has one
    /// line, else 48.
    #[must_use]
    pub const fn capacity_bytes() -> usize {
        let slot_bytes = link_capacity_bytes(<<M::Mailbox as Mailbox>::Requests>::LINES);
        if slot_bytes < OutboxEntry::BYTES_MAX { slot_bytes } else { OutboxEntry::BYTES_MAX }
    }

    /// Returns the memory of the linked actor.
    pub const fn memory(&self) -> &M {
        &self.memory
    }

    /// Returns the number of its mailbox.
    pub const fn mailbox_index(&self) -> usize {
        self.mailbox_index
    }

    /// Returns the bytes of a message.
    pub const fn message_bytes(&self) -> usize {
        self.state.message_bytes()
    }

    /// Returns whether nothing was passed on, refused or closed here.
    pub const fn is_new(&self) -> bool {
        self.state.is_new()
    }

    /// Gives the link up without closing the mailbox. For hosts that run the linking actor where
    /// this end cannot go: there a [`LinkState`] of the same ring takes the place of this one,
    /// which is [new](Self::is_new).
    pub fn hand_over(mut self) {
        self.state.leave();
    }

    /// Returns what the link takes now: this or more.
    pub fn credit(&mut self) -> LinkCredit {
        let Some(mailbox) = self.memory.mailbox(self.mailbox_index) else {
            let message_bytes = self.state.message_bytes();
            return LinkCredit { free_slots: 0, message_bytes };
        };
        self.state.credit(mailbox.requests())
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
        let outcome = self.state.pass_on(mailbox.requests(), entry);
        self.memory.bells().ring_actor();
        outcome
    }

    /// Tells the linked actor that nothing more comes from here. Dropping the link does the same.
    pub fn close(&mut self) {
        if let Some(mailbox) = self.memory.mailbox(self.mailbox_index)
            && self.state.close(mailbox.requests())
        {
            self.memory.bells().ring_actor();
        }
    }
}

impl<M: ActorMemory> Drop for LinkEnd<M> {
    fn drop(&mut self) {
        self.close();
    }
}
