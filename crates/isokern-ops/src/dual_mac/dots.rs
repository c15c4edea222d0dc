//! Convolutions and fully connected operators: four outputs share an activation.

use isokern_core::{Cells, Team};
use isokern_model::op::{Conv2d, FullyConnected, Requant, Weights};

use super::patch::Patch;
use super::scales::{OUTPUTS, Scales};
use super::{DualMac, Halves, high, low};
use crate::view::view;

/// Runs the calling rank's share of a convolution; a tile is one position.
#[inline(never)]
pub(super) fn conv2d<D: DualMac, T: Team>(team: &T, op: &Conv2d<'_>, arena: Cells<'_>) {
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let output = op.output.image();
    let width = output.width.max(1);
    let mut patch = Patch::new(op.weights.terms.count(), op.input.zero_point());
    for position in team.share(output.positions()) {
        patch.gather::<D>(op, x, (position / width, position % width));
        let y = y.window(position * output.channels, output.channels);
        outputs::<D>(&op.weights, &op.requant, patch.groups(), y);
    }
}

/// Runs the calling rank's share of a fully connected operator; a tile is one row.
#[inline(never)]
pub(super) fn fully_connected<D: DualMac, T: Team>(
    team: &T,
    op: &FullyConnected<'_>,
    arena: Cells<'_>,
) {
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let (row_outputs, terms) = (op.weights.outputs.max(1), op.weights.terms.row_terms);
    let mut patch = Patch::new(terms, op.input.zero_point());
    for row in team.share(y.len() / row_outputs) {
        patch.copy::<D>(x, row * terms);
        let y = y.window(row * row_outputs, row_outputs);
        outputs::<D>(&op.weights, &op.requant, patch.groups(), y);
    }
}

/// All outputs of one position, whose activations are `xs`.
#[inline]
fn outputs<D: DualMac>(weights: &Weights<'_>, requant: &Requant<'_>, xs: &[Halves], y: Cells<'_>) {
    let terms = weights.terms.count();
    let mut rows = weights.values;
    let mut scales = Scales::new(requant);
    let (blocks, rest) = y.as_slice().as_chunks::<OUTPUTS>();
    for (block_index, cells) in blocks.iter().enumerate() {
        let Some(scale) = scales.block(block_index) else { return };
        // Zeros at the end of the last group meet the next row's weights. Behind the
        // very last row there are none: its last products are added one by one.
        let sums = if rows.len() >= 3 * terms + 4 * xs.len() {
            D::four_rows(xs, rows, terms, *scale.bias)
        } else {
            let (whole, last) = xs.split_at_checked(terms / 4).unwrap_or((xs, &[]));
            let mut sums = D::four_rows(whole, rows, terms, *scale.bias);
            for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(terms.max(1))) {
                *sum = one_by_one(last, row.get(whole.len() * 4..).unwrap_or(&[]), *sum);
            }
            sums
        };
        scale.store(cells, sums, requant);
        rows = rows.get(OUTPUTS * terms..).unwrap_or(&[]);
    }
    let scale = scales.rest();
    let mut sums = *scale.bias;
    for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(terms.max(1))) {
        *sum = one_by_one(xs, row, *sum);
    }
    scale.store(rest, sums, requant);
}

/// Adds the products of `xs` with `weights`, of which the last group may lack some.
#[inline]
fn one_by_one(xs: &[Halves], weights: &[i8], sum: i32) -> i32 {
    xs.iter().zip(weights.chunks(4)).fold(sum, |sum, ([even, odd], weights)| {
        let xs = [low(*even), low(*odd), high(*even), high(*odd)];
        xs.iter().zip(weights).fold(sum, |sum, (x, w)| sum.wrapping_add(x * i32::from(*w)))
    })
}

#[inline]
pub(super) const fn word([a, b, c, d]: [i8; 4]) -> u32 {
    u32::from_le_bytes([a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), d.cast_unsigned()])
}
