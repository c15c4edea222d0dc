//! Cells as the last look of the warp found them, where it looked; else as they are.
#![allow(unsafe_code)]

use core::cell::Cell;

use isokern_core::actor::MailboxShape;
use isokern_core::ring::{CellValue, ControlLine, SharedCell, SharedRing, SharedWord, SlotCount};

use super::shared::{
    LOADED_LINES, LOADED_SLOTS, LOADED_TAILS, SLOTS, TAILS, TURNS, WHOLE, load, load_halves, store,
};
use crate::words::{SystemCell, SystemMemory};

/// Cells of a line.
const LINE_CELLS: u32 = 16;

/// A cell of mapped memory, or what a look found there.
#[derive(Clone, Copy)]
pub(super) struct Loaded {
    cell: SystemCell,
    /// The word with the copy; none for a cell that was not looked at.
    copy: Option<u32>,
    /// Whether it reads as 1 whatever the host wrote: a stop of the whole grid.
    is_raised: bool,
}

impl Loaded {
    #[inline(always)]
    fn value(&self) -> Option<CellValue> {
        if self.is_raised {
            return Some(CellValue { data: 1, turn: 1 });
        }
        let (data, turn) = load_halves(self.copy?);
        Some(CellValue { data, turn })
    }
}

impl SharedCell for Loaded {
    #[inline(always)]
    fn poll(&self) -> CellValue {
        self.value().unwrap_or_else(|| self.cell.poll())
    }

    /// A look that finds something new acquires it.
    #[inline(always)]
    fn poll_acquire(&self) -> CellValue {
        self.value().unwrap_or_else(|| self.cell.poll_acquire())
    }

    #[inline(always)]
    fn publish(&self, data: u32, turn: u32) {
        self.cell.publish(data, turn);
    }

    #[inline(always)]
    fn publish_release(&self, data: u32, turn: u32) {
        self.cell.publish_release(data, turn);
    }

    #[inline(always)]
    fn read(&self) -> Option<CellValue> {
        Some(self.poll_acquire())
    }

    #[inline(always)]
    fn replace(&self, data: u32, turn: u32) {
        self.cell.replace(data, turn);
    }
}

/// A control line; one that every look loads is read from there.
#[derive(Clone, Copy)]
pub(super) struct LoadedLine {
    address: u64,
    /// The word with the copy of its first cell.
    first: Option<u32>,
    is_stopped: bool,
}

impl LoadedLine {
    /// Returns the line the lower lanes load; `is_stopped` for a grid that stops, which counts as a
    /// stop of this line.
    ///
    /// # Safety
    ///
    /// `address` is that of a control line in mapped memory.
    #[inline(always)]
    pub(super) const unsafe fn own(address: u64, is_stopped: bool) -> Self {
        Self { address, first: Some(LOADED_LINES), is_stopped }
    }

    /// Returns the grid line, which the upper lanes load.
    ///
    /// # Safety
    ///
    /// As for [`own`](Self::own).
    #[inline(always)]
    pub(super) const unsafe fn grid(address: u64) -> Self {
        Self { address, first: Some(LOADED_LINES + LINE_CELLS), is_stopped: false }
    }

    /// Returns a line that no look loads.
    ///
    /// # Safety
    ///
    /// As for [`own`](Self::own).
    #[inline(always)]
    pub(super) const unsafe fn plain(address: u64) -> Self {
        Self { address, first: None, is_stopped: false }
    }
}

impl ControlLine for LoadedLine {
    #[inline(always)]
    fn cell(&self, cell_index: usize) -> impl SharedCell {
        let index = cell_index as u32 % LINE_CELLS;
        // SAFETY: one of the line's 16 cells.
        let cell = unsafe { SystemCell::at(self.address + u64::from(index) * 8) };
        let copy = self.first.map(|first| first + index);
        Loaded { cell, copy, is_raised: self.is_stopped && index == 0 }
    }
}

/// A ring of requests whose next slot every look loads, its first line.
pub(super) struct LoadedRing<S: MailboxShape> {
    ring: S::Ring<SystemMemory>,
    address: u64,
    index: u32,
    /// Cells of a message in the first line of a slot.
    cells: u32,
    /// The ticket that is looked for.
    ticket: Cell<u32>,
    /// What the last look has of its slot.
    copies: Cell<Copies>,
}

/// What the copies of a slot are good for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copies {
    /// There are none.
    None,
    /// Some cells may be those of the lap before.
    Some,
    /// A whole message, its first line.
    Whole,
    /// The consumer has read it.
    Taken,
}

impl<S: MailboxShape> LoadedRing<S> {
    /// Returns the ring of a mailbox, for messages of so many cells.
    ///
    /// # Safety
    ///
    /// At `address` is a ring of this shape in mapped memory.
    #[inline(always)]
    pub(super) unsafe fn new(address: u64, index: u32, cells: u32) -> Self {
        // SAFETY: by this function's contract, for what the ring asks for.
        let space = unsafe { SystemMemory::new() };
        Self {
            ring: S::ring(space, address),
            address,
            index,
            cells: cells.min(LINE_CELLS),
            ticket: Cell::new(0),
            copies: Cell::new(Copies::None),
        }
    }

    /// Returns how many cells of a slot's first line a look waits for.
    #[inline(always)]
    pub(super) const fn cells(&self) -> u32 {
        self.cells
    }

    /// Says where the next look looks.
    pub(super) fn point(&self) {
        if self.copies.replace(Copies::None) == Copies::Taken {
            self.ticket.set(self.ticket.get().wrapping_add(1));
        }
        let ticket = self.ticket.get();
        store(SLOTS + self.index, S::slot_at(self.address, S::SLOTS.slot_index(ticket)));
        store(TAILS + self.index, self.address);
        store(TURNS + self.index, S::SLOTS.turn(ticket).into());
    }

    /// Takes note of what the look found.
    pub(super) fn settle(&self) {
        let is_whole = load(WHOLE) as u32 >> self.index & 1 != 0;
        self.copies.set(if is_whole { Copies::Whole } else { Copies::Some });
    }

    /// Returns where the copy of a slot's cell is, if the last look has it.
    ///
    /// A consumer may look at another slot than is expected here: when a message has more lines
    /// than the first and these came later, say. Then this side follows, and the cells are read as
    /// they are until the next look.
    #[inline(never)] // A message has up to 16 cells, each of which is looked for here.
    fn copy_of(&self, slot_index: u32, cell_index: usize) -> Option<u32> {
        let (ticket, cell) = (self.ticket.get(), cell_index as u32);
        if slot_index != S::SLOTS.slot_index(ticket) {
            let before = ticket.wrapping_sub(1);
            let is_before = slot_index == S::SLOTS.slot_index(before);
            self.ticket.set(if is_before { before } else { ticket.wrapping_add(1) });
            self.copies.set(Copies::None);
        }
        if self.copies.get() == Copies::None || cell >= LINE_CELLS {
            return None;
        }
        if self.copies.get() == Copies::Whole && cell + 1 == self.cells {
            self.copies.set(Copies::Taken);
        }
        Some(LOADED_SLOTS + self.index * LINE_CELLS + cell)
    }
}

impl<S: MailboxShape> SharedRing for LoadedRing<S> {
    const LINES: usize = S::LINES as usize;

    #[inline(always)]
    fn slot_count(&self) -> SlotCount {
        S::SLOTS
    }

    #[inline(always)]
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        let address = S::slot_at(self.address, slot_index) + cell_index as u64 * 8;
        let copy = self.copy_of(slot_index, cell_index);
        // SAFETY: a cell of the ring, by the contract of `new`.
        Loaded { cell: unsafe { SystemCell::at(address) }, copy, is_raised: false }
    }

    #[inline(always)]
    fn head(&self) -> impl SharedWord {
        self.ring.head()
    }

    #[inline(always)]
    fn acknowledgement(&self) -> impl SharedCell {
        self.ring.acknowledgement()
    }

    #[inline(always)]
    fn final_tail(&self) -> impl SharedCell {
        // SAFETY: the first cell of the ring, by the contract of `new`.
        let cell = unsafe { SystemCell::at(self.address) };
        Loaded { cell, copy: Some(LOADED_TAILS + self.index), is_raised: false }
    }

    #[inline(always)]
    fn producer_status(&self) -> impl SharedWord {
        self.ring.producer_status()
    }

    #[inline(always)]
    fn count_cell(&self, cell_index: usize) -> impl SharedCell {
        self.ring.count_cell(cell_index)
    }

    #[inline(always)]
    fn consumer_status(&self) -> impl SharedWord {
        self.ring.consumer_status()
    }
}
