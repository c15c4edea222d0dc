//! The control lines: what each side says besides messages.
//!
//! One line of 16 cells a side, each line with a single writer. A value is one cell or
//! several; its cells carry the same turn, which the writer moves on at every change. So a
//! reader knows new from old, and a value of several cells is never put together from two
//! writes: while the turns differ, a write is under way.
//!
//! | cell | host line | device line |
//! |---|---|---|
//! | 0 | stop | state |
//! | 1 | pause | heartbeat |
//! | 2, 3 | lease, ns | messages taken |
//! | 4 | epoch | |
//! | 4, 5 | | messages handled to an `Ok` |
//! | 6, 7 | | messages expired |
//! | 8 to 11 | | fault: code, ticket, detail (two cells) |
//! | 12, 13 | | error of a `shutdown`: code, detail |
//! | 14, 15 | | messages failed |
//!
//! Two-cell numbers have their lower word first. Cells not named stay zero.
//!
//! ```
//! use isokern_core::ring::{HostControl, HostLine, Timed};
//!
//! let line = HostLine::new();
//! let mut host = HostControl::new();
//! host.renew_lease(&line, 5_000_000_000);
//! host.stop(&line);
//! let seen = isokern_core::ring::HostView::read(&line).expect("nobody writes now");
//! assert!(seen.is_stopped());
//! assert_eq!(seen.lease(), Timed { value: 5_000_000_000, turn: 1 });
//! ```

use super::host::{HostCell, empty_cell};
use super::memory::{LINE_BYTES, LINE_CELLS};
use super::words::SharedCell;

/// Access to the 16 cells of a control line, wherever it lives.
pub trait ControlLine {
    /// Returns cell `cell_index`, which the protocol keeps below 16.
    fn cell(&self, cell_index: usize) -> impl SharedCell;
}

/// A control line over any cells.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct LineMemory<C>([C; LINE_CELLS]);

/// A control line of host threads or of firmware.
pub type HostLine = LineMemory<HostCell>;

const _: () = {
    assert!(size_of::<HostLine>() == LINE_BYTES);
    assert!(align_of::<HostLine>() == LINE_BYTES);
};

impl HostLine {
    /// Returns a line on which nothing was written.
    #[must_use]
    pub const fn new() -> Self {
        Self([const { empty_cell() }; LINE_CELLS])
    }
}

impl Default for HostLine {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> LineMemory<C> {
    /// Returns a line whose cells are made one by one; all must be zero.
    pub fn from_cells(mut cell: impl FnMut() -> C) -> Self {
        Self(core::array::from_fn(|_| cell()))
    }
}

impl<C: SharedCell> ControlLine for LineMemory<C> {
    #[inline]
    fn cell(&self, cell_index: usize) -> impl SharedCell {
        &self.0[cell_index % LINE_CELLS]
    }
}

impl<L: ControlLine> ControlLine for &L {
    #[inline]
    fn cell(&self, cell_index: usize) -> impl SharedCell {
        L::cell(self, cell_index)
    }
}
