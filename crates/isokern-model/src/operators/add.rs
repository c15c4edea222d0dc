//! `ADD`: the sum of two tensors of one shape and different scales.

use crate::op::Add;
use isokern_core::{Cells, Team};

use crate::fixed::{clamp, rescale};
use crate::view::view;

const TILE_ELEMENTS: usize = 64;

/// Runs the calling rank's share of an addition.
///
/// Both inputs, less their zero points, move left by `left_shift` bits and are
/// rescaled to a scale they share; their sum is rescaled to the output's. Each of
/// the three rescalings rounds by itself. Source: TensorFlow Lite
/// `kernels/internal/reference/integer_ops/add.h`.
///
/// A tile is 64 elements.
#[inline(never)] // A frame of its own: the largest operator counts, not their sum.
pub fn run<T: Team>(team: &T, op: &Add, arena: Cells<'_>) {
    let (a, b) = (view(arena, &op.input_a), view(arena, &op.input_b));
    let y = view(arena, &op.output);
    for tile_index in team.share(y.len().div_ceil(TILE_ELEMENTS)) {
        let first = tile_index * TILE_ELEMENTS;
        for index in first..y.len().min(first + TILE_ELEMENTS) {
            y.set(index, sum(op, a.get(index), b.get(index)));
        }
    }
}

/// One element of the sum.
#[inline]
#[must_use]
pub fn sum(op: &Add, a: i8, b: i8) -> i8 {
    let [multiplier_a, multiplier_b, multiplier_y] = op.multiplier;
    let [shift_a, shift_b, shift_y] = op.shift;
    let left = u32::from(op.left_shift);
    let a = (i32::from(a) - op.input_a.zero_point()).wrapping_shl(left);
    let b = (i32::from(b) - op.input_b.zero_point()).wrapping_shl(left);
    let total = rescale(a, multiplier_a, shift_a).wrapping_add(rescale(b, multiplier_b, shift_b));
    let value = rescale(total, multiplier_y, shift_y).saturating_add(op.output.zero_point());
    clamp(value, op.activation.min, op.activation.max)
}
