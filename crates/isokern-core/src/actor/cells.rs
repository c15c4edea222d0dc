//! An actor's memory on the host or in firmware.

use core::mem::offset_of;

use super::bells::{Bells, Silent};
use super::fresh::Fresh;
use super::mailboxes::{MailboxShape, Mailboxes};
use super::memory::ActorMemory;
use crate::ring::{HostLine, LINE_BYTES};

/// Control lines and mailboxes of one actor on the host or in firmware, in the shape `S`:
/// [`Mailboxes`](super::Mailboxes).
///
/// All zero when new, so a `static` of it takes no flash. `B` is what wakes its two sides: by
/// default nothing does ([`Silent`]); `isokern_ring::WakingCells` are cells with bells that do.
#[derive(Debug)]
#[repr(C)]
pub struct ActorCells<S: MailboxShape, B = Silent> {
    host_line: HostLine,
    device_line: HostLine,
    mailboxes: S::All,
    bells: B,
}

// Host, firmware and device read these numbers: a change is a change of protocol.
const _: () = {
    type Cells = ActorCells<Mailboxes<2>>;
    assert!(offset_of!(Cells, host_line) == 0);
    assert!(offset_of!(Cells, device_line) == LINE_BYTES);
    assert!(offset_of!(Cells, mailboxes) == 2 * LINE_BYTES);
};

impl<S: MailboxShape, B: Fresh> ActorCells<S, B> {
    /// Returns zeroed memory for one new actor.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            host_line: HostLine::new(),
            device_line: HostLine::new(),
            mailboxes: S::EMPTY,
            bells: B::FRESH,
        }
    }
}

impl<S: MailboxShape, B: Fresh> Default for ActorCells<S, B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: MailboxShape, B: Bells> ActorMemory for ActorCells<S, B> {
    type Mailbox = S::Mailbox;
    type Line = HostLine;
    type Bells = B;
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

    fn bells(&self) -> &B {
        &self.bells
    }

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> Self::PerSlot<T> {
        S::per_slot(make)
    }
}
