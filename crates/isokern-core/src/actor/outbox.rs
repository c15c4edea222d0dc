//! Messages to other actors, held back until the step that sends them has succeeded.

use thiserror::Error;

use crate::compute::MessageHeader;
use crate::kernel::KernelError;
use crate::ring::WireHeader;

/// One of the actors this actor was linked to, by its position in the list at spawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Link(u16);

impl Link {
    /// Returns the link at a position, from 0.
    #[must_use]
    pub const fn new(index: u16) -> Self {
        Self(index)
    }

    /// Returns its position.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A message on its way out.
#[derive(Clone, Copy, Debug)]
pub struct OutboxEntry {
    to: Link,
    len: u16,
    header: WireHeader,
    trace_id: [u8; 16],
    bytes: [u8; OutboxEntry::BYTES_MAX],
}

/// Words of the longest message with its header and its trace id.
const WORDS_MAX: usize = (size_of::<WireHeader>() + OutboxEntry::BYTES_MAX + 16) / 4;

// Header, message and trace id are whole words each, and fit two lines.
const _: () = assert!(WORDS_MAX == 20 && OutboxEntry::BYTES_MAX.is_multiple_of(4));

impl OutboxEntry {
    /// The longest message, in bytes. It takes two lines of a ring; of one that has slots of
    /// one line [`link_capacity_bytes`](crate::ring::link_capacity_bytes) are left.
    pub const BYTES_MAX: usize = 48;

    /// An entry that holds nothing, to make an outbox's memory from.
    pub const EMPTY: Self = Self {
        to: Link(0),
        len: 0,
        header: WireHeader::NONE,
        trace_id: [0; 16],
        bytes: [0; Self::BYTES_MAX],
    };

    /// Returns where it goes.
    #[must_use]
    pub const fn to(&self) -> Link {
        self.to
    }

    /// Returns its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// Returns what goes into the slot: header, message, trace id, and how many words that is.
    pub(super) fn words(&self, sequence: u32) -> ([u32; WORDS_MAX], usize) {
        let header: [u8; 16] = bytemuck::cast(self.header.with_sequence(sequence));
        let message_words = usize::from(self.len).div_ceil(4);
        let (header, _) = header.as_chunks::<4>();
        let (message, _) = self.bytes.as_chunks::<4>();
        let (trace_id, _) = self.trace_id.as_chunks::<4>();
        let all = header.iter().chain(message.iter().take(message_words)).chain(trace_id);
        let mut words = [0; WORDS_MAX];
        for (word, bytes) in words.iter_mut().zip(all) {
            *word = u32::from_le_bytes(*bytes);
        }
        (words, header.len() + message_words + trace_id.len())
    }
}

/// The messages that a link still takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCredit {
    /// Free slots of its ring.
    pub free_slots: u32,
    /// Bytes of the one message type that the linked actor takes.
    pub message_bytes: usize,
}

/// Memory for messages on their way out, and what each link still takes.
#[derive(Debug)]
pub struct Outbox<'a> {
    entries: &'a mut [OutboxEntry],
    used: &'a mut usize,
    credits: &'a mut [LinkCredit],
}

impl<'a> Outbox<'a> {
    /// Returns an outbox over lent memory; for runners.
    ///
    /// Only this actor pushes to its links, so the free slots in `credits` can grow
    /// meanwhile and never shrink. `used` counts the entries in use.
    pub const fn new(
        entries: &'a mut [OutboxEntry],
        used: &'a mut usize,
        credits: &'a mut [LinkCredit],
    ) -> Self {
        Self { entries, used, credits }
    }

    /// Returns an outbox without links.
    pub fn none(used: &'a mut usize) -> Self {
        Self { entries: &mut [], used, credits: &mut [] }
    }

    /// Puts one message in. Of the header tenant, deadline, flags and trace id go along.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]; the outbox is as before.
    pub fn try_put(
        &mut self,
        to: Link,
        header: &MessageHeader,
        message: &[u8],
    ) -> Result<(), OutboxError> {
        let Some(credit) = self.credits.get_mut(to.index()) else {
            return Err(OutboxError::NoSuchLink { index: to.0 });
        };
        let (bytes, wanted_bytes) = (message.len(), credit.message_bytes);
        if bytes != wanted_bytes || bytes > OutboxEntry::BYTES_MAX {
            return Err(OutboxError::WrongLength { bytes, wanted_bytes });
        }
        if credit.free_slots == 0 {
            return Err(OutboxError::LinkFull { index: to.0 });
        }
        let Some(entry) = self.entries.get_mut(*self.used) else {
            return Err(OutboxError::OutboxFull);
        };
        *entry = OutboxEntry {
            to,
            len: message.len() as u16,
            header: WireHeader::new(header, WireHeader::LINK),
            trace_id: header.trace_id(),
            ..OutboxEntry::EMPTY
        };
        for (to, from) in entry.bytes.iter_mut().zip(message) {
            *to = *from;
        }
        credit.free_slots -= 1;
        *self.used += 1;
        Ok(())
    }
}

/// Why a message was not taken into the outbox.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OutboxError {
    /// The actor has no link of this number.
    #[error("the actor has no link {index}. Fix: link the other actor when this one is spawned.")]
    NoSuchLink {
        /// The link's position.
        index: u16,
    },
    /// The other actor's ring has no free slot.
    #[error("the ring of link {index} is full. Fix: send less, or answer with an error for now.")]
    LinkFull {
        /// The link's position.
        index: u16,
    },
    /// This message has filled the outbox already.
    #[error("the outbox is full. Fix: send fewer messages in one step, or give it more entries.")]
    OutboxFull,
    /// The message is not of the type that the linked actor takes.
    #[error(
        "the linked actor takes messages of {wanted_bytes} bytes (48 at most), this one has \
         {bytes}. Fix: send its Message type."
    )]
    WrongLength {
        /// Bytes of the message.
        bytes: usize,
        /// Bytes of the linked actor's messages.
        wanted_bytes: usize,
    },
}

impl From<OutboxError> for KernelError {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::LinkFull { .. } | OutboxError::OutboxFull => Self::Saturated,
            OutboxError::NoSuchLink { .. } => {
                Self::InvalidConfiguration { reason: "the actor has no such link" }
            }
            OutboxError::WrongLength { .. } => {
                Self::InvalidInput { reason: "the message is not of the linked actor's type" }
            }
        }
    }
}
