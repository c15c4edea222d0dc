//! Table: each value is looked up.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use isokern_core::{DType, Team};

use crate::loops::Loops;
use crate::operator::{Check, Cost, Operator, require};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// Entries of a table: one for each value of a byte.
pub const TABLE_ENTRIES: usize = 256;

const TILE_ELEMENTS: usize = 64;

/// The kind of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table;

/// A function of single values: a converter puts any such operator of TFLite in a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TableView<'m> {
    /// Any tensor of `i8` or `u8`.
    pub input: Tensor,
    /// As many elements, of `i8` or `u8`.
    pub output: Tensor,
    /// The output for each input, the least first; bytes as they are stored.
    pub table: &'m [i8],
}

impl Operator for Table {
    type Body = [u32; 0];
    type View<'m> = TableView<'m>;
    const INPUTS: RangeInclusive<usize> = 1..=1;
    const ANY_DTYPE: bool = true;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, _: &[u32; 0]) -> TableView<'m> {
        TableView { input: site.input(0), output: site.output(0), table: site.constant(0) }
    }

    fn check(site: &OperatorSite<'_>, _: &[u32; 0], view: &TableView<'_>) -> Check {
        let is_byte = |tensor: &Tensor| [DType::I8, DType::U8].contains(&tensor.dtype());
        require(is_byte(&view.input) && is_byte(&view.output), "dtype")?;
        require(view.input.shape() == view.output.shape(), "output")?;
        require(site.constant_count() == 1, "constant_count")?;
        require(site.has_constant::<i8>(0, TABLE_ENTRIES), "table")
    }

    fn cost(view: &TableView<'_>) -> Cost {
        Cost::of_bytes(&view.output)
    }

    /// Runs the calling rank's share of a table: `y = table[x - least]`.
    ///
    /// A tile is 64 elements.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &TableView<'_>, memory: &Memory<'_>) {
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        let flip = op.flip();
        for tile_index in team.share(y.len().div_ceil(TILE_ELEMENTS)) {
            let first = tile_index * TILE_ELEMENTS;
            for index in first..y.len().min(first + TILE_ELEMENTS) {
                y.set(index, look_up(op.table, x.get(index).cast_unsigned() ^ flip));
            }
        }
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(team: &T, loops: &L, view: &TableView<'_>, memory: &Memory<'_>) {
        loops.table(team, view, memory);
    }
}

/// Returns the entry at a place, or 0 past the end, which a checked table has not.
#[inline(always)]
fn look_up(table: &[i8], place: u8) -> i8 {
    table.get(usize::from(place)).copied().unwrap_or(0)
}

impl TableView<'_> {
    /// Returns the bits in which a stored input differs from the place of its entry: adding 128
    /// to an `i8` inverts its sign bit.
    #[inline]
    #[must_use]
    pub fn flip(&self) -> u8 {
        if self.input.dtype() == DType::U8 { 0 } else { 0x80 }
    }
}
