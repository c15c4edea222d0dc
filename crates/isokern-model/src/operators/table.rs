//! Table: each value is looked up.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use isokern_core::Team;

use crate::operator::{Check, Cost, Operator, require};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// Entries of a table: one for each value of an `i8`.
pub const TABLE_ENTRIES: usize = 256;

const TILE_ELEMENTS: usize = 64;

/// The kind of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table;

/// A function of single values: a converter puts any such operator of TFLite in a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TableView<'m> {
    /// Any tensor.
    pub input: Tensor,
    /// As many elements.
    pub output: Tensor,
    /// The output for each input, from -128 up.
    pub table: &'m [i8],
}

impl Operator for Table {
    type Body = [u32; 0];
    type View<'m> = TableView<'m>;
    const INPUTS: RangeInclusive<usize> = 1..=1;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, _: &[u32; 0]) -> TableView<'m> {
        TableView { input: site.input(0), output: site.output(0), table: site.constant(0) }
    }

    fn check(site: &OperatorSite<'_>, _: &[u32; 0], view: &TableView<'_>) -> Check {
        require(view.input.shape() == view.output.shape(), "output")?;
        require(site.constant_count() == 1, "constant_count")?;
        require(site.has_constant::<i8>(0, TABLE_ENTRIES), "table")
    }

    fn cost(view: &TableView<'_>) -> Cost {
        Cost::of_bytes(&view.output)
    }

    /// Runs the calling rank's share of a table: `y = table[x + 128]`.
    ///
    /// A tile is 64 elements.
    #[inline(never)] // A frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &TableView<'_>, memory: &Memory<'_>) {
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        for tile_index in team.share(y.len().div_ceil(TILE_ELEMENTS)) {
            let first = tile_index * TILE_ELEMENTS;
            for index in first..y.len().min(first + TILE_ELEMENTS) {
                y.set(index, look_up(op.table, x.get(index)));
            }
        }
    }
}

/// The entry for a value; total, though a checked table has them all.
#[inline(always)]
fn look_up(table: &[i8], x: i8) -> i8 {
    // Adding 128 to a byte inverts its sign bit.
    table.get(usize::from(x.cast_unsigned() ^ 0x80)).copied().unwrap_or(0)
}
