//! An actor's memory on threads: the cells, and bells that wake.

use core::task::Waker;

use isokern_core::actor::{ActorCells, ActorMemory, Bells, HostMailbox};
use isokern_core::ring::HostLine;

use crate::{Notify, WakerCell};

/// [`ActorCells`] and the waker cells of both sides.
#[derive(Debug)]
pub struct ThreadMemory<const N: usize, const LINES: usize = 1, const BOXES: usize = 1> {
    cells: ActorCells<N, LINES, BOXES>,
    bells: ThreadBells<N, BOXES>,
}

/// A waker cell for the actor, and one for each question that can be under way.
#[derive(Debug)]
pub struct ThreadBells<const N: usize, const BOXES: usize> {
    actor: WakerCell,
    requesters: [[WakerCell; N]; BOXES],
}

impl<const N: usize, const LINES: usize, const BOXES: usize> ThreadMemory<N, LINES, BOXES> {
    pub(super) const fn new() -> Self {
        let bells = ThreadBells {
            actor: WakerCell::new(),
            requesters: [const { [const { WakerCell::new() }; N] }; BOXES],
        };
        Self { cells: ActorCells::new(), bells }
    }

    /// Keeps the waker of the actor's thread. Look once more after this.
    pub(super) fn register_actor(&self, waker: &Waker) {
        self.bells.actor.register(waker);
    }
}

impl<const N: usize, const BOXES: usize> ThreadBells<N, BOXES> {
    /// The cell of a sequence, whose low part is its place.
    fn requester(&self, mailbox_index: usize, sequence: u32) -> Option<&WakerCell> {
        self.requesters.get(mailbox_index)?.get(sequence as usize % N)
    }
}

impl<const N: usize, const BOXES: usize> Bells for ThreadBells<N, BOXES> {
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
        self.requesters.iter().flatten().for_each(Notify::notify);
    }
}

impl<const N: usize, const LINES: usize, const BOXES: usize> ActorMemory
    for ThreadMemory<N, LINES, BOXES>
{
    type Mailbox = HostMailbox<N, LINES>;
    type Line = HostLine;
    type Bells = ThreadBells<N, BOXES>;
    type PerSlot<T> = [T; N];

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

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> [T; N] {
        core::array::from_fn(make)
    }
}
