//! Several messages seen as one unit of work.

use core::fmt;
use core::slice;

use thiserror::Error;

use super::message::Message;
use super::message_flags::MessageFlags;
use super::payload::Payload;

/// A borrowed view of messages that are run together.
///
/// It copies nothing and is `Copy` itself. The payloads are apart, each in
/// its header; a device that wants them in one piece calls
/// [`gather_into`](Self::gather_into).
///
/// ```
/// use isokern_core::compute::MessageFlags;
/// use isokern_core::{Batch, Message, MessageHeader};
///
/// let first = MessageHeader::new().with_flags(MessageFlags::FIRST_IN_BATCH);
/// let last = MessageHeader::new().with_flags(MessageFlags::LAST_IN_BATCH);
/// let messages = [Message::new(first, [1_i8, 2]), Message::new(last, [3, 4])];
///
/// let batch = Batch::new(&messages);
/// assert_eq!(batch.check_flags(), Ok(()));
/// let mut staging = [0_u8; 8];
/// assert_eq!(batch.gather_into(&mut staging), Ok(4));
/// assert_eq!(staging[..4], [1, 2, 3, 4]);
/// ```
pub struct Batch<'a, P> {
    messages: &'a [Message<P>],
}

impl<'a, P> Batch<'a, P> {
    /// Views `messages` as a batch, in this order.
    #[must_use]
    pub const fn new(messages: &'a [Message<P>]) -> Self {
        Self { messages }
    }

    /// Returns the messages.
    #[must_use]
    pub const fn messages(self) -> &'a [Message<P>] {
        self.messages
    }

    /// Returns how many messages there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.messages.len()
    }

    /// Says whether there is no message.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.messages.is_empty()
    }

    /// Returns the messages one by one.
    pub fn iter(self) -> slice::Iter<'a, Message<P>> {
        self.messages.iter()
    }

    /// Says whether the first message carries
    /// [`FIRST_IN_BATCH`](MessageFlags::FIRST_IN_BATCH); false when empty.
    #[must_use]
    pub fn first_flagged(self) -> bool {
        self.messages.first().is_some_and(|m| is_first(m))
    }

    /// Says whether the last message carries
    /// [`LAST_IN_BATCH`](MessageFlags::LAST_IN_BATCH); false when empty.
    #[must_use]
    pub fn last_flagged(self) -> bool {
        self.messages.last().is_some_and(|m| is_last(m))
    }

    /// Checks that the flags mark this batch and nothing inside it: the first
    /// message opens it, the last closes it, no other does either.
    ///
    /// An empty batch has nothing to mark and passes.
    ///
    /// # Errors
    ///
    /// The first message, in order, whose flags say something else. Cut the
    /// stream of messages where the flags are, or mark the messages anew.
    pub fn check_flags(self) -> Result<(), BatchFlagError> {
        for (index, message) in self.iter().enumerate() {
            let opens = index == 0;
            let closes = index + 1 == self.len();
            match (is_first(message), is_last(message)) {
                (false, _) if opens => return Err(BatchFlagError::NotOpened),
                (true, _) if !opens => return Err(BatchFlagError::OpenedInside { index }),
                (_, false) if closes => return Err(BatchFlagError::NotClosed),
                (_, true) if !closes => return Err(BatchFlagError::ClosedInside { index }),
                _ => {}
            }
        }
        Ok(())
    }
}

impl<P: Payload> Batch<'_, P> {
    /// Returns the length of all payloads together, in bytes, wherever they are.
    ///
    /// Asks the payloads, not the headers. Stays at `usize::MAX` when messages
    /// which borrow the same large buffer add up to more.
    #[must_use]
    pub fn total_payload_bytes(self) -> usize {
        let lengths = self.iter().map(|message| message.buffer_descriptor().bytes());
        lengths.fold(0, usize::saturating_add)
    }

    /// Copies the payloads one after another to the start of `target` and
    /// returns how many bytes that was.
    ///
    /// What follows them in `target` is left alone.
    ///
    /// # Errors
    ///
    /// [`GatherError`] when `target` is too short, or the host cannot read a payload; then
    /// nothing was written.
    pub fn gather_into(self, target: &mut [u8]) -> Result<usize, GatherError> {
        let mut needed_bytes = 0_usize;
        for (index, message) in self.iter().enumerate() {
            let bytes = message.host_bytes().ok_or(GatherError::NoHostBytes { index })?;
            needed_bytes = needed_bytes.saturating_add(bytes.len());
        }
        let available_bytes = target.len();
        let too_short = GatherError::TooShort { needed_bytes, available_bytes };
        let mut rest = target.get_mut(..needed_bytes).ok_or(too_short)?;
        for (index, message) in self.iter().enumerate() {
            let bytes = message.host_bytes().ok_or(GatherError::NoHostBytes { index })?;
            let (head, tail) = rest.split_at_mut_checked(bytes.len()).ok_or(too_short)?;
            head.copy_from_slice(bytes);
            rest = tail;
        }
        Ok(needed_bytes)
    }
}

impl<P> Clone for Batch<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Batch<'_, P> {}

impl<P: fmt::Debug> fmt::Debug for Batch<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.messages).finish()
    }
}

impl<'a, P> IntoIterator for Batch<'a, P> {
    type Item = &'a Message<P>;
    type IntoIter = slice::Iter<'a, Message<P>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Flags that do not mark exactly this batch.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BatchFlagError {
    /// The first message does not carry `FIRST_IN_BATCH`.
    #[error("the first message of the batch does not carry FIRST_IN_BATCH")]
    NotOpened,
    /// The last message does not carry `LAST_IN_BATCH`.
    #[error("the last message of the batch does not carry LAST_IN_BATCH")]
    NotClosed,
    /// A later message carries `FIRST_IN_BATCH`: another batch starts there.
    #[error("message {index} inside the batch carries FIRST_IN_BATCH")]
    OpenedInside {
        /// Position of that message in this batch.
        index: usize,
    },
    /// An earlier message carries `LAST_IN_BATCH`: the batch ended there.
    #[error("message {index} inside the batch carries LAST_IN_BATCH")]
    ClosedInside {
        /// Position of that message in this batch.
        index: usize,
    },
}

/// Payloads that could not be copied one after another.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GatherError {
    /// The target cannot hold them.
    #[error(
        "the payloads take {needed_bytes} bytes, the target has {available_bytes}. Fix: pass a \
         target of {needed_bytes} bytes"
    )]
    TooShort {
        /// Length of all payloads together.
        needed_bytes: usize,
        /// Length of the target.
        available_bytes: usize,
    },
    /// The host cannot read a payload: it is in device memory, or has no bytes.
    #[error(
        "the host cannot read the payload of message {index}. Fix: copy it to the host first, or \
         pass the batch to a model that takes its memory class"
    )]
    NoHostBytes {
        /// Position of the message in this batch.
        index: usize,
    },
}

fn is_first<P>(message: &Message<P>) -> bool {
    message.header().flags().contains(MessageFlags::FIRST_IN_BATCH)
}

fn is_last<P>(message: &Message<P>) -> bool {
    message.header().flags().contains(MessageFlags::LAST_IN_BATCH)
}
