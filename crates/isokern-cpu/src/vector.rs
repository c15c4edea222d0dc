//! Loops with vector instructions: drivers here, tiles in the files below.
//!
//! A driver brings the activations of a few output positions together in a
//! [`Patch`](patch::Patch) and hands them to a [`Tile`](tile::Tile), which computes
//! all outputs of these positions. Padding is filled with the input's zero point,
//! which is real zero, and the zero point itself is taken off through the sums of
//! the weights; accumulators wrap, so the order of the terms does not matter.

mod avx2;
mod avx512;
mod dispatch;
mod patch;
mod taps;
mod tile;

use isokern_core::{Cells, Team};
use isokern_model::Tensor;
use isokern_model::layout::Layout;
use isokern_model::op::{Add, Conv2d, DepthwiseConv2d, FullyConnected, Weights};
use isokern_ops::{Loops, add, conv2d, depthwise_conv2d, fully_connected};

pub(crate) use dispatch::{Avx2, Avx512};
use patch::Patch;
use tile::{Dots, Tile};

/// Loops that use the tiles of `T`, and plain ones where those do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VectorLoops<T> {
    tile: T,
}

impl VectorLoops<Avx2> {
    /// Loops for AVX2, or nothing where the processor lacks it.
    pub(crate) fn avx2() -> Option<Self> {
        Avx2::detect().map(|tile| Self { tile })
    }
}

impl VectorLoops<Avx512> {
    /// Loops for AVX-512 with VNNI, or nothing where the processor lacks it.
    pub(crate) fn avx512() -> Option<Self> {
        Avx512::detect().map(|tile| Self { tile })
    }
}

impl<T: Tile> Loops for VectorLoops<T> {
    fn conv2d<M: Team>(&self, team: &M, op: &Conv2d<'_>, arena: Cells<'_>) {
        if team.size() > 1 || !fits(&op.weights) {
            return conv2d::run(team, op, arena);
        }
        let (x, y) = (view(arena, &op.input), view(arena, &op.output));
        let groups = op.weights.terms.div_ceil(4);
        if groups <= patch::SMALL_GROUPS / patch::ROWS_MAX {
            self.conv2d_rows(op, x, y, Patch::<{ patch::SMALL_GROUPS }>::new(groups));
        } else {
            self.conv2d_rows(op, x, y, Patch::<{ patch::LARGE_GROUPS }>::new(groups));
        }
    }

    fn depthwise_conv2d<M: Team>(&self, team: &M, op: &DepthwiseConv2d<'_>, arena: Cells<'_>) {
        let area = usize::from(op.window.kernel_height) * usize::from(op.window.kernel_width);
        if team.size() > 1 || op.depth_multiplier != 1 || area > tile::TAPS_MAX {
            return depthwise_conv2d::run(team, op, arena);
        }
        self.tile.depthwise(op, view(arena, &op.input), view(arena, &op.output));
    }

    fn fully_connected<M: Team>(&self, team: &M, op: &FullyConnected<'_>, arena: Cells<'_>) {
        if team.size() > 1 || !fits(&op.weights) || op.weight_zero_point != 0 {
            return fully_connected::run(team, op, arena);
        }
        let (x, y) = (view(arena, &op.input), view(arena, &op.output));
        let groups = op.weights.terms.div_ceil(4);
        if groups <= patch::SMALL_GROUPS {
            self.fully_connected_rows(op, x, y, Patch::<{ patch::SMALL_GROUPS }>::new(groups));
        } else {
            self.fully_connected_rows(op, x, y, Patch::<{ patch::LARGE_GROUPS }>::new(groups));
        }
    }

    fn add<M: Team>(&self, team: &M, op: &Add, arena: Cells<'_>) {
        if team.size() > 1 {
            return add::run(team, op, arena);
        }
        let (a, b) = (view(arena, &op.input_a), view(arena, &op.input_b));
        self.tile.add(op, a, b, view(arena, &op.output));
    }
}

impl<T: Tile> VectorLoops<T> {
    fn conv2d_rows<const N: usize>(
        &self,
        op: &Conv2d<'_>,
        x: Cells<'_>,
        y: Cells<'_>,
        mut patch: Patch<N>,
    ) {
        let positions = op.output.image().positions();
        let outputs = op.weights.outputs;
        let mut first = 0;
        while first < positions {
            let rows = patch.rows_max().min(positions - first);
            patch.gather(op, x, first, rows);
            let y = y.window(first * outputs, rows * outputs);
            self.tile.dots(&Dots {
                patch: patch.groups(rows),
                rows,
                weights: &op.weights,
                requant: &op.requant,
                zero_point: op.input.zero_point(),
                y,
            });
            first += rows;
        }
    }

    fn fully_connected_rows<const N: usize>(
        &self,
        op: &FullyConnected<'_>,
        x: Cells<'_>,
        y: Cells<'_>,
        mut patch: Patch<N>,
    ) {
        let (outputs, terms) = (op.weights.outputs, op.weights.terms);
        for row in 0..y.len() / outputs.max(1) {
            patch.copy_row(0, x, row * terms, terms);
            self.tile.dots(&Dots {
                patch: patch.groups(1),
                rows: 1,
                weights: &op.weights,
                requant: &op.requant,
                zero_point: op.input.zero_point(),
                y: y.window(row * outputs, outputs),
            });
        }
    }
}

/// Whether the tiles can read these weights, and a patch holds one row of terms.
fn fits(weights: &Weights<'_>) -> bool {
    weights.layout == Layout::Packed && weights.terms.div_ceil(4) <= patch::LARGE_GROUPS
}

fn view<'a>(arena: Cells<'a>, tensor: &Tensor) -> Cells<'a> {
    arena.window(tensor.arena_offset(), tensor.len())
}
