//! The way from one actor to another on the same host.

use bytemuck::Pod;

use super::bells::Bells;
use super::envelope::Envelope;
use super::memory::{ActorMemory, Mailbox};
use super::outbox::{LinkCredit, OutboxEntry};
use crate::compute::MessageHeader;
use crate::ring::{PushError, RequesterState, WireHeader};

/// The requester of a mailbox, in the hands of another actor: it tells and asks nothing.
///
/// Made by the runtime when an actor is linked; the runner of the linking actor owns it. The
/// mailbox closes when it is dropped, whoever has it then.
#[derive(Debug)]
pub struct LinkEnd<M: ActorMemory> {
    memory: M,
    mailbox_index: usize,
    message_bytes: usize,
    state: RequesterState,
    sequence: u32,
    is_closed: bool,
}

impl<M: ActorMemory> LinkEnd<M> {
    /// Returns the link to a mailbox that nobody else sends to, for messages of type `T`.
    ///
    /// `None` when there is no such mailbox, or when `T` is longer than an outbox entry.
    #[must_use]
    pub fn try_new<T: Pod>(memory: M, mailbox_index: usize) -> Option<Self> {
        memory.mailbox(mailbox_index)?;
        let message_bytes = size_of::<T>();
        let state = RequesterState::new();
        let fits = message_bytes <= OutboxEntry::BYTES_MAX;
        fits.then_some(Self {
            memory,
            mailbox_index,
            message_bytes,
            state,
            sequence: 0,
            is_closed: false,
        })
    }

    /// Returns what the link takes now: this or more.
    pub fn credit(&mut self) -> LinkCredit {
        let mailbox = self.memory.mailbox(self.mailbox_index);
        let free_slots = mailbox.map_or(0, |mailbox| self.state.free_slots(mailbox.requests()));
        LinkCredit { free_slots, message_bytes: self.message_bytes }
    }

    /// Passes on an outbox entry, which has a slot reserved.
    ///
    /// # Errors
    ///
    /// [`PushError::Closed`] when the linked actor takes no more;
    /// [`PushError::Full`] when the entry had no slot reserved.
    pub fn pass_on(&mut self, entry: &OutboxEntry, tenant: u32) -> Result<(), PushError<()>> {
        let Some(mailbox) = self.memory.mailbox(self.mailbox_index) else {
            return Err(PushError::Closed(()));
        };
        let header = MessageHeader::new().with_sequence(self.sequence).with_tenant(tenant);
        let header = WireHeader::new(&header, WireHeader::TELL);
        let message = Envelope::new(header, *entry.whole());
        match self.state.try_push(mailbox.requests(), message) {
            Ok(()) => {
                self.memory.bells().ring_actor();
                self.sequence = self.sequence.wrapping_add(1);
                Ok(())
            }
            Err(PushError::Full(_)) => Err(PushError::Full(())),
            Err(PushError::Closed(_)) => Err(PushError::Closed(())),
        }
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
