//! A cell made of two 32-bit words, for targets without 64-bit atomics.

use super::tickets::WRITING;
use super::words::{CellValue, SharedCell, SharedWord};

/// Data and turn as neighbouring words; 8 bytes when `W` is 4.
///
/// In a slot the data goes first and the turn after it with release; the reader takes the
/// turn first with acquire. So the turn never shows before its data, and newer data cannot
/// come, because a slot is not written again before its reader has freed it.
///
/// A control cell is written at any time, so there the turn is taken away first. A reader
/// that meets new data then finds the turn gone or changed when it looks again:
///
/// ```text
/// writer  turn := writing      data := d (release)      turn := t (release)
/// reader  turn (acquire)       data (acquire)           turn again: equal, not writing
/// ```
#[derive(Debug, Default)]
#[repr(C, align(8))]
pub struct SplitCell<W> {
    data: W,
    turn: W,
}

impl<W> SplitCell<W> {
    /// Returns a cell of two words, which are zero in an empty ring.
    #[must_use]
    pub const fn new(data: W, turn: W) -> Self {
        Self { data, turn }
    }
}

impl<W: SharedWord> SharedCell for SplitCell<W> {
    #[inline]
    fn poll(&self) -> CellValue {
        let turn = self.turn.load_acquire();
        CellValue { data: self.data.load_relaxed(), turn }
    }

    #[inline]
    fn poll_acquire(&self) -> CellValue {
        self.poll()
    }

    #[inline]
    fn publish(&self, data: u32, turn: u32) {
        self.data.store_relaxed(data);
        self.turn.store_release(turn);
    }

    #[inline]
    fn publish_release(&self, data: u32, turn: u32) {
        self.publish(data, turn);
    }

    #[inline]
    fn read(&self) -> Option<CellValue> {
        let turn = self.turn.load_acquire();
        // Acquire: who sees the new data also sees that the old turn is gone.
        let data = self.data.load_acquire();
        let again = self.turn.load_relaxed();
        (turn == again && turn != WRITING).then_some(CellValue { data, turn })
    }

    #[inline]
    fn replace(&self, data: u32, turn: u32) {
        self.turn.store_relaxed(WRITING);
        self.data.store_release(data);
        self.turn.store_release(turn);
    }
}
