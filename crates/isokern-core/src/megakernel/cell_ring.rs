//! A ring in memory of our own, with as many cells a slot as its messages take.

use core::fmt;

use super::task_store::{Apart, TaskStore};
use crate::ring::{SharedCell, SharedRing, SharedWord, SlotCount};

/// A ring whose slots have `CELLS` cells, for messages of so many words and no larger ones.
///
/// It stays on one side, so its layout is nobody else's. It has no place for counts.
pub struct CellRing<S: TaskStore, const CELLS: usize> {
    pub(super) slots: SlotCount,
    pub(super) head: Apart<S::Word>,
    pub(super) acknowledgement: S::Cell,
    pub(super) consumer_status: S::Word,
    pub(super) final_tail: Apart<S::Cell>,
    pub(super) producer_status: S::Word,
    pub(super) no_count: S::Cell,
    pub(super) cells: S::Many<[S::Cell; CELLS]>,
}

impl<S: TaskStore, const CELLS: usize> CellRing<S, CELLS> {
    pub(super) fn from_words(
        slots: SlotCount,
        cell: &mut impl FnMut() -> S::Cell,
        word: &mut impl FnMut() -> S::Word,
    ) -> Self {
        Self {
            slots,
            head: Apart(word()),
            acknowledgement: cell(),
            consumer_status: word(),
            final_tail: Apart(cell()),
            producer_status: word(),
            no_count: cell(),
            cells: S::many(slots.count(), || core::array::from_fn(|_| cell())),
        }
    }
}

impl<S: TaskStore, const CELLS: usize> SharedRing for CellRing<S, CELLS> {
    const LINES: usize = 1;

    #[inline]
    fn slot_count(&self) -> SlotCount {
        self.slots
    }

    #[inline]
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        let cells = self.cells.as_ref();
        // No-ops for what the protocol asks; with them nothing can be outside.
        let slot = &cells[slot_index as usize & (cells.len() - 1)];
        &slot[cell_index % CELLS]
    }

    #[inline]
    fn head(&self) -> impl SharedWord {
        &self.head.0
    }

    #[inline]
    fn acknowledgement(&self) -> impl SharedCell {
        &self.acknowledgement
    }

    #[inline]
    fn final_tail(&self) -> impl SharedCell {
        &self.final_tail.0
    }

    #[inline]
    fn producer_status(&self) -> impl SharedWord {
        &self.producer_status
    }

    #[inline]
    fn count_cell(&self, _: usize) -> impl SharedCell {
        &self.no_count
    }

    #[inline]
    fn consumer_status(&self) -> impl SharedWord {
        &self.consumer_status
    }
}

impl<S: TaskStore, const CELLS: usize> fmt::Debug for CellRing<S, CELLS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CellRing").field("slots", &self.slots).finish_non_exhaustive()
    }
}
