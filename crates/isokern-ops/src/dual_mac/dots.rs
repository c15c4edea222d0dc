//! Convolutions and fully connected operators: four outputs share an activation.

use isokern_core::{Cells, Team};
use isokern_model::op::{Conv2d, FullyConnected, Requant, Weights};

use super::patch::Patch;
use super::scales::{OUTPUTS, Scales};
use super::{DualMac, both};
use crate::view::view;

/// Runs the calling rank's share of a convolution; a tile is one position.
#[inline(never)]
pub(super) fn conv2d<D: DualMac, T: Team>(team: &T, op: &Conv2d<'_>, arena: Cells<'_>) {
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let output = op.output.image();
    let width = output.width.max(1);
    let mut patch = Patch::new(op.weights.terms.count());
    for position in team.share(output.positions()) {
        patch.gather(op, x, (position / width, position % width));
        let y = y.window(position * output.channels, output.channels);
        outputs::<D>(&op.weights, &op.requant, op.input.zero_point(), patch.values(), y);
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
    let mut patch = Patch::new(terms);
    for row in team.share(y.len() / row_outputs) {
        patch.copy(x, row * terms);
        let y = y.window(row * row_outputs, row_outputs);
        outputs::<D>(&op.weights, &op.requant, op.input.zero_point(), patch.values(), y);
    }
}

/// All outputs of one position, whose activations are `xs`.
#[inline]
fn outputs<D: DualMac>(
    weights: &Weights<'_>,
    requant: &Requant<'_>,
    zero_point: i32,
    xs: &[i8],
    y: Cells<'_>,
) {
    let mut rows = weights.values;
    let mut scales = Scales::new(requant);
    let (blocks, rest) = y.as_slice().as_chunks::<OUTPUTS>();
    for cells in blocks {
        let Some((block, rows_left)) = rows.split_at_checked(OUTPUTS * xs.len()) else { return };
        let Some(scale) = scales.next() else { return };
        scale.store(cells, dots::<D>(block, xs, both(-zero_point), scale.bias), requant);
        rows = rows_left;
    }
    let mut sums = scales.rest();
    for (sum, row) in sums.bias.iter_mut().zip(rows.chunks_exact(xs.len().max(1))) {
        for (x, w) in xs.iter().zip(row) {
            *sum = sum.wrapping_add((i32::from(*x) - zero_point) * i32::from(*w));
        }
    }
    sums.store(rest, sums.bias, requant);
}

/// Adds to `sums` the products of `xs` with four rows of weights.
#[inline]
fn dots<D: DualMac>(rows: &[i8], xs: &[i8], offsets: u32, sums: [i32; OUTPUTS]) -> [i32; OUTPUTS] {
    let (row_a, rows) = rows.split_at_checked(xs.len()).unwrap_or((&[], &[]));
    let (row_b, rows) = rows.split_at_checked(xs.len()).unwrap_or((&[], &[]));
    let (row_c, row_d) = rows.split_at_checked(xs.len()).unwrap_or((&[], &[]));
    // Two words a turn: there are more pointers than registers.
    let ((eights, xs), (row_a, rest_a)) = (xs.as_chunks::<8>(), row_a.as_chunks::<8>());
    let ((row_b, rest_b), (row_c, rest_c)) = (row_b.as_chunks::<8>(), row_c.as_chunks::<8>());
    let (row_d, rest_d) = row_d.as_chunks::<8>();
    let [mut a, mut b, mut c, mut d] = sums;
    for ((((x, w_a), w_b), w_c), w_d) in eights.iter().zip(row_a).zip(row_b).zip(row_c).zip(row_d) {
        let [x_low, x_high] = words(x);
        let x = [
            D::widen_even_by(offsets, x_low),
            D::widen_odd_by(offsets, x_low),
            D::widen_even_by(offsets, x_high),
            D::widen_odd_by(offsets, x_high),
        ];
        a = eight::<D>(x, w_a, a);
        b = eight::<D>(x, w_b, b);
        c = eight::<D>(x, w_c, c);
        d = eight::<D>(x, w_d, d);
    }
    let mut sums = [a, b, c, d];
    let zero_point = -super::low(offsets);
    for (sum, rest) in sums.iter_mut().zip([rest_a, rest_b, rest_c, rest_d]) {
        for (x, w) in xs.iter().zip(rest) {
            *sum = sum.wrapping_add((i32::from(*x) - zero_point) * i32::from(*w));
        }
    }
    sums
}

#[inline]
fn eight<D: DualMac>(x: [u32; 4], weights: &[i8; 8], sum: i32) -> i32 {
    let [low, high] = words(weights);
    let sum = D::multiply_add(x[0], D::widen_even(low), sum);
    let sum = D::multiply_add(x[1], D::widen_odd(low), sum);
    let sum = D::multiply_add(x[2], D::widen_even(high), sum);
    D::multiply_add(x[3], D::widen_odd(high), sum)
}

#[inline]
fn words(&[a, b, c, d, e, f, g, h]: &[i8; 8]) -> [u32; 2] {
    [word([a, b, c, d]), word([e, f, g, h])]
}

#[inline]
pub(super) const fn word([a, b, c, d]: [i8; 4]) -> u32 {
    u32::from_le_bytes([a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), d.cast_unsigned()])
}
