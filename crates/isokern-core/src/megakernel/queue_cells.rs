//! A queue in memory of our own.

use core::fmt;

use super::task_memory::QueueMemory;
use super::task_store::{Apart, TaskStore};
use crate::ring::SharedCell;

/// Three words and the places of one queue.
pub struct QueueCells<S: TaskStore> {
    pub(super) count: Apart<S::Word>,
    pub(super) head: Apart<S::Word>,
    pub(super) tail: Apart<S::Word>,
    pub(super) cells: S::Many<S::Cell>,
}

impl<S: TaskStore> QueueCells<S> {
    pub(super) fn from_words(
        places: u32,
        cell: &mut impl FnMut() -> S::Cell,
        word: &mut impl FnMut() -> S::Word,
    ) -> Self {
        let (count, head, tail) = (Apart(word()), Apart(word()), Apart(word()));
        Self { count, head, tail, cells: S::many(places, cell) }
    }
}

impl<S: TaskStore> QueueMemory for QueueCells<S> {
    type Counter = S::Word;

    #[inline]
    fn count(&self) -> &S::Word {
        &self.count.0
    }

    #[inline]
    fn head(&self) -> &S::Word {
        &self.head.0
    }

    #[inline]
    fn tail(&self) -> &S::Word {
        &self.tail.0
    }

    #[inline]
    fn cell(&self, place: u32) -> impl SharedCell {
        let cells = self.cells.as_ref();
        // A no-op for what the protocol asks; with it nothing can be outside.
        &cells[place as usize & (cells.len() - 1)]
    }
}

impl<S: TaskStore> fmt::Debug for QueueCells<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueCells").finish_non_exhaustive()
    }
}
