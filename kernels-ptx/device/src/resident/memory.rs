//! The memory of an actor as its block reaches it.
#![allow(unsafe_code)]

use core::array;
use core::task::Waker;

use isokern_core::Resident;
use isokern_core::actor::{ActorMemory, Bells, Envelope, MAILBOX_COUNT_MAX, Mailbox, MailboxShape};
use isokern_core::device::DeviceResident;
use isokern_core::ring::{LINE_BYTES, WireHeader, cells_of};

use super::block::Block;
use super::cells::{LoadedLine, LoadedRing};
use crate::team::BlockTeam;
use crate::words::SystemMemory;

/// Control lines and mailboxes of an actor, whose next messages every look loads.
pub(super) struct BlockMemory<'b, S: MailboxShape> {
    block: &'b Block<'b>,
    address: u64,
    device_line: LoadedLine,
    host_line: LoadedLine,
    /// The same for a grid that stops.
    stopped_line: LoadedLine,
    mailboxes: [BlockMailbox<S>; MAILBOX_COUNT_MAX],
}

/// A mailbox of an actor.
pub(super) struct BlockMailbox<S: MailboxShape> {
    requests: LoadedRing<S>,
    replies: S::Ring<SystemMemory>,
}

impl<'b, S: MailboxShape> BlockMemory<'b, S> {
    /// Returns the memory at an address, for messages of `R`.
    ///
    /// # Safety
    ///
    /// At `address` is the memory of an actor of this shape, mapped and all zero at first.
    #[inline(never)] // Addresses of mailboxes are not kept around it.
    pub(super) unsafe fn new<R: DeviceResident<Shape = S>>(
        block: &'b Block<'b>,
        address: u64,
    ) -> Self {
        // SAFETY: by this function's contract, for what lines and rings ask for.
        let space = unsafe { SystemMemory::new() };
        let cells = cells_of::<Envelope<WireHeader, <R as Resident>::Message>>() as u32;
        let mailbox = |index: usize| {
            let requests = S::requests_at(address, index);
            BlockMailbox {
                // SAFETY: by this function's contract; those past the last are not used.
                requests: unsafe { LoadedRing::new(requests, index as u32, cells) },
                replies: S::ring(space, requests + S::RING_BYTES),
            }
        };
        Self {
            block,
            address,
            // SAFETY: by this function's contract; the next is the line before it.
            device_line: unsafe { LoadedLine::plain(address + LINE_BYTES as u64) },
            // SAFETY: as above.
            host_line: unsafe { LoadedLine::own(address, false) },
            // SAFETY: as above.
            stopped_line: unsafe { LoadedLine::own(address, true) },
            mailboxes: array::from_fn(mailbox),
        }
    }

    /// Lets looks load this actor's line and mailboxes.
    #[inline(never)] // As above.
    pub(super) fn begin(&self) {
        let cells = self.mailboxes[0].requests.cells();
        self.block.turn_to(self.address, S::MAILBOX_COUNT as u32, cells);
    }

    /// Returns the threads of the block.
    pub(super) const fn team(&self) -> &BlockTeam {
        self.block.team()
    }

    /// Looks once, or until there is something new or some time has passed.
    #[inline(never)] // The memory is one place, and no set of registers.
    pub(super) fn look(&self, waits: bool) {
        if self.block.is_leader() {
            self.mailboxes().for_each(|mailbox| mailbox.requests.point());
        }
        self.block.look(waits);
        if self.block.is_leader() {
            self.mailboxes().for_each(|mailbox| mailbox.requests.settle());
        }
    }

    fn mailboxes(&self) -> impl Iterator<Item = &BlockMailbox<S>> {
        self.mailboxes.iter().take(S::MAILBOX_COUNT)
    }
}

impl<S: MailboxShape> Mailbox for BlockMailbox<S> {
    type Requests = LoadedRing<S>;
    type Replies = S::Ring<SystemMemory>;

    #[inline(always)]
    fn requests(&self) -> &Self::Requests {
        &self.requests
    }

    #[inline(always)]
    fn replies(&self) -> &Self::Replies {
        &self.replies
    }
}

impl<S: MailboxShape> ActorMemory for BlockMemory<'_, S> {
    type Mailbox = BlockMailbox<S>;
    type Line = LoadedLine;
    type Bells = Unheard;
    type PerSlot<T> = [T; 0];

    #[inline(always)]
    fn mailbox_count(&self) -> usize {
        S::MAILBOX_COUNT
    }

    #[inline(always)]
    fn mailbox(&self, index: usize) -> Option<&Self::Mailbox> {
        self.mailboxes.get(index).filter(|_| index < S::MAILBOX_COUNT)
    }

    #[inline(always)]
    fn host_line(&self) -> &LoadedLine {
        if self.block.is_over() { &self.stopped_line } else { &self.host_line }
    }

    #[inline(always)]
    fn device_line(&self) -> &LoadedLine {
        &self.device_line
    }

    fn bells(&self) -> &Unheard {
        &Unheard
    }

    fn per_slot<T>(_: impl FnMut(usize) -> T) -> [T; 0] {
        []
    }
}

/// Bells between sides that look again and again; nobody is woken.
pub(super) struct Unheard;

impl Bells for Unheard {
    fn ring_actor(&self) {}

    fn register_actor(&self, _: &Waker) {}

    fn register(&self, _: usize, _: u32, _: &Waker) {}

    fn ring_requester(&self, _: usize, _: u32) {}

    fn ring_all(&self) {}
}
