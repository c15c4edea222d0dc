//! Counts that a producer shows beside its messages: seven numbers in the cells of its line.
//!
//! Each number is in two cells, lower word first, which carry the same turn as the values of
//! a control line do, and only grows. A reader that meets a number between its two writes
//! keeps what it saw before.

use super::control::ControlLine;
use super::control_value::{Timed, halves, read_u64, write};
use super::memory::SharedRing;
use super::words::SharedCell;

/// Numbers that a producer's line has room for.
pub const COUNT_MAX: usize = 7;

/// The writer of a line's counts: one for each ring, made together with it. All counts share its
/// turn, which moves on with each that is shown.
#[derive(Debug, Default)]
pub struct CountWriter {
    turn: u32,
}

impl CountWriter {
    /// Returns the writer for a line that is all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self { turn: 0 }
    }

    /// Shows one of the counts, below [`COUNT_MAX`]. Who shows it only when it has changed writes
    /// no cell in vain.
    ///
    /// ```
    /// use isokern_core::ring::{CountWriter, HostRing, read_count};
    ///
    /// let ring = HostRing::<2, 1>::new();
    /// assert_eq!(read_count(&ring, 1).map(|count| (count.value, count.turn)), Some((0, 0)));
    /// let mut writer = CountWriter::new();
    /// writer.show(&ring, 1, 1 << 40);
    /// assert_eq!(read_count(&ring, 1).map(|count| count.value), Some(1 << 40));
    /// ```
    pub fn show<R: SharedRing>(&mut self, ring: &R, index: usize, count: u64) {
        let start = 2 * (index % COUNT_MAX);
        self.turn = write(&CountLine(ring), start, self.turn, halves(count));
    }
}

/// Reads one of the counts, below [`COUNT_MAX`]; `None` while it is being written: look again.
pub fn read_count<R: SharedRing>(ring: &R, index: usize) -> Option<Timed<u64>> {
    read_u64(&CountLine(ring), 2 * (index % COUNT_MAX))
}

/// The cells of a producer's counts as a control line has them.
struct CountLine<'r, R>(&'r R);

impl<R: SharedRing> ControlLine for CountLine<'_, R> {
    fn cell(&self, cell_index: usize) -> impl SharedCell {
        self.0.count_cell(cell_index)
    }
}
