//! An actor's memory on threads: the cells, and bells that wake.

use core::task::Waker;
use std::boxed::Box;

use isokern_core::actor::{ActorCells, ActorMemory, Bells, MailboxShape};
use isokern_core::ring::{HostLine, SlotCount};

use crate::{Notify, WakerCell};

/// [`ActorCells`] in the shape `S`, and the waker cells of both sides.
#[derive(Debug)]
pub struct ThreadMemory<S: MailboxShape> {
    cells: ActorCells<S>,
    bells: ThreadBells,
}

/// A waker cell for the actor, and one for each question that can be under way.
#[derive(Debug)]
pub struct ThreadBells {
    actor: WakerCell,
    /// One for each slot, mailbox by mailbox.
    requesters: Box<[WakerCell]>,
    slots: SlotCount,
}

impl<S: MailboxShape> ThreadMemory<S> {
    pub(super) fn new() -> Self {
        let cell_count = S::MAILBOX_COUNT * S::SLOTS.count() as usize;
        let bells = ThreadBells {
            actor: WakerCell::new(),
            requesters: (0..cell_count).map(|_| WakerCell::new()).collect(),
            slots: S::SLOTS,
        };
        Self { cells: ActorCells::new(), bells }
    }

    /// Keeps the waker of the actor's thread. Look once more after this.
    pub(super) fn register_actor(&self, waker: &Waker) {
        self.bells.actor.register(waker);
    }
}

impl ThreadBells {
    /// The cell of a sequence, whose low part is its place.
    fn requester(&self, mailbox_index: usize, sequence: u32) -> Option<&WakerCell> {
        let place = self.slots.slot_index(sequence) as usize;
        self.requesters.get(mailbox_index * self.slots.count() as usize + place)
    }
}

impl Bells for ThreadBells {
    fn ring_actor(&self) {
        self.actor.notify();
    }

    fn register(&self, mailbox_index: usize, sequence: u32, waker: &Waker) {
        if let Some(cell) = self.requester(mailbox_index, sequence) {
            cell.register(waker);
        }
    }

    fn ring_requester(&self, mailbox_index: usize, sequence: u32) {
        if let Some(cell) = self.requester(mailbox_index, sequence) {
            cell.notify();
        }
    }

    fn ring_all(&self) {
        self.requesters.iter().for_each(Notify::notify);
    }
}

impl<S: MailboxShape> ActorMemory for ThreadMemory<S> {
    type Mailbox = S::Mailbox;
    type Line = HostLine;
    type Bells = ThreadBells;
    type PerSlot<T> = S::PerSlot<T>;

    fn mailbox_count(&self) -> usize {
        self.cells.mailbox_count()
    }

    fn mailbox(&self, index: usize) -> Option<&Self::Mailbox> {
        self.cells.mailbox(index)
    }

    fn host_line(&self) -> &HostLine {
        self.cells.host_line()
    }

    fn device_line(&self) -> &HostLine {
        self.cells.device_line()
    }

    fn bells(&self) -> &Self::Bells {
        &self.bells
    }

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> Self::PerSlot<T> {
        S::per_slot(make)
    }
}
