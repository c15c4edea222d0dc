//! `FULLY_CONNECTED`: rows times a matrix.

use core::cell::Cell;

use crate::layout::BLOCK_OUTPUTS;
use crate::op::FullyConnected;
use isokern_core::{Cells, Team};

use super::dot::dot;
use crate::fixed::requantise;
use crate::view::view;

/// Runs the calling rank's share of a fully connected operator.
///
/// For each row and output `o`, `acc = bias[o] + sum of (w[o][k] - w_zero_point) *
/// (x[k] - x_zero_point)`, then [`requantise`]. Source: TensorFlow Lite
/// `kernels/internal/reference/integer_ops/fully_connected.h`, the overload with
/// integer multipliers.
///
/// A tile is 16 outputs of one row.
#[inline(never)] // A frame of its own: the largest operator counts, not their sum.
pub fn run<T: Team>(team: &T, op: &FullyConnected<'_>, arena: Cells<'_>) {
    let (outputs, terms) = (op.weights.outputs.max(1), op.weights.terms.row_terms);
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let blocks = outputs.div_ceil(BLOCK_OUTPUTS);
    for tile_index in team.share(y.len() / outputs * blocks) {
        let row = tile_index / blocks;
        let first_output = tile_index % blocks * BLOCK_OUTPUTS;
        let xs = x.window(row * terms, terms).as_slice();
        let offset = weight_offset(op, xs);
        for output in first_output..outputs.min(first_output + BLOCK_OUTPUTS) {
            let bias = op.requant.bias.get(output).copied().unwrap_or(0);
            let sum = dot(&op.weights, output, (0, 0), xs, op.input.zero_point());
            let accumulator = bias.wrapping_add(sum).wrapping_sub(offset);
            y.set(row * outputs + output, requantise(&op.requant, output, accumulator));
        }
    }
}

/// What a weight zero point other than 0 takes from every output of a row.
#[inline]
fn weight_offset(op: &FullyConnected<'_>, xs: &[Cell<i8>]) -> i32 {
    if op.weight_zero_point == 0 {
        return 0;
    }
    let zero_point = op.input.zero_point();
    let total = xs.iter().fold(0_i32, |sum, x| sum.wrapping_add(i32::from(x.get()) - zero_point));
    total.wrapping_mul(op.weight_zero_point)
}
