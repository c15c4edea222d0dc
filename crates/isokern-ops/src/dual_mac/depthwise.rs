//! Depthwise convolutions with multiplier 1: four channels at a time.

use isokern_core::{Cells, Team};
use isokern_model::op::DepthwiseConv2d;

use super::dots::word;
use super::{DualMac, both, high, low};
use crate::fixed::requantise;
use crate::view::view;

/// Channels in a word.
const CHANNELS: usize = 4;

/// Runs the calling rank's share of a depthwise convolution; a tile is one position.
pub(super) fn run<D: DualMac, T: Team>(team: &T, op: &DepthwiseConv2d<'_>, arena: Cells<'_>) {
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let (input, output) = (op.input.image(), op.output.image());
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let (channels, width) = (output.channels, output.width.max(1));
    for position in team.share(output.positions()) {
        let (row_first, row_end, first_y) = rows.inside(position / width, input.height);
        let (column_first, column_end, first_x) = columns.inside(position % width, input.width);
        let mut first = 0;
        while first < channels {
            let mut sums = [0; CHANNELS];
            for (sum, bias) in sums.iter_mut().zip(op.requant.bias.iter().skip(first)) {
                *sum = *bias;
            }
            for row in row_first..row_end {
                let input_row = (first_y + (row - row_first) * rows.dilation) * input.width;
                let mut cell = (input_row + first_x) * channels + first;
                let mut tap = (row * columns.kernel + column_first) * channels + first;
                for _ in column_first..column_end {
                    let ws = op.weights.get(tap..).unwrap_or(&[]);
                    add::<D>(&mut sums, op, x, cell, ws);
                    cell += columns.dilation * channels;
                    tap += channels;
                }
            }
            for (channel, sum) in (first..channels.min(first + CHANNELS)).zip(sums) {
                y.set(position * channels + channel, requantise(&op.requant, channel, sum));
            }
            first += CHANNELS;
        }
    }
}

/// Adds one kernel cell to the sums of four channels. Channels behind the last add
/// what lies there, and are not stored.
#[inline]
fn add<D: DualMac>(
    sums: &mut [i32; CHANNELS],
    op: &DepthwiseConv2d<'_>,
    x: Cells<'_>,
    cell: usize,
    ws: &[i8],
) {
    let zero_point = op.input.zero_point();
    let Some(weights) = ws.first_chunk::<CHANNELS>().filter(|_| cell + CHANNELS <= x.len()) else {
        for ((sum, w), index) in sums.iter_mut().zip(ws).zip(cell..) {
            *sum = sum.wrapping_add((i32::from(x.get(index)) - zero_point) * i32::from(*w));
        }
        return;
    };
    let (x, weights) = (word(x.load(cell)), word(*weights));
    let (even, odd) = (D::widen_even(both(-zero_point), x), D::widen_odd(both(-zero_point), x));
    let (even_w, odd_w) = (D::widen_even(0, weights), D::widen_odd(0, weights));
    let [a, b, c, d] = sums;
    *a = a.wrapping_add(low(even) * low(even_w));
    *b = b.wrapping_add(low(odd) * low(odd_w));
    *c = c.wrapping_add(high(even) * high(even_w));
    *d = d.wrapping_add(high(odd) * high(odd_w));
}
