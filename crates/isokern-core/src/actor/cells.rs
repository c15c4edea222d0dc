//! An actor's memory on the host or in firmware.

use super::bells::Silent;
use super::mailboxes::MailboxShape;
use super::memory::ActorMemory;
use crate::ring::HostLine;

/// Control lines and mailboxes of one actor on the host or in firmware, in the shape `S`:
/// [`Mailboxes`](super::Mailboxes).
///
/// All zero when new, so a `static` of it takes no flash. Its bells are [`Silent`].
#[derive(Debug)]
#[repr(C)]
pub struct ActorCells<S: MailboxShape> {
    host_line: HostLine,
    device_line: HostLine,
    mailboxes: S::All,
}

impl<S: MailboxShape> ActorCells<S> {
    /// Returns zeroed memory for one new actor.
    #[must_use]
    pub const fn new() -> Self {
        Self { host_line: HostLine::new(), device_line: HostLine::new(), mailboxes: S::EMPTY }
    }
}

impl<S: MailboxShape> Default for ActorCells<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: MailboxShape> ActorMemory for ActorCells<S> {
    type Mailbox = S::Mailbox;
    type Line = HostLine;
    type Bells = Silent;
    type PerSlot<T> = S::PerSlot<T>;

    fn mailbox_count(&self) -> usize {
        S::MAILBOX_COUNT
    }

    fn mailbox(&self, index: usize) -> Option<&Self::Mailbox> {
        self.mailboxes.as_ref().get(index)
    }

    fn host_line(&self) -> &HostLine {
        &self.host_line
    }

    fn device_line(&self) -> &HostLine {
        &self.device_line
    }

    fn bells(&self) -> &Silent {
        &Silent
    }

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> Self::PerSlot<T> {
        S::per_slot(make)
    }
}
