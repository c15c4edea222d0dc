//! `DEPTHWISE_CONV_2D`: each channel has kernels of its own.

use crate::layout::BLOCK_OUTPUTS;
use crate::op::DepthwiseConv2d;
use isokern_core::{Cells, Team};

use crate::fixed::requantise;
use crate::view::view;

/// Runs the calling rank's share of a depthwise convolution.
///
/// As [`conv2d`](crate::conv2d::run), but output channel `c * depth_multiplier + m`
/// sums over the cells of input channel `c` alone. Source: TensorFlow Lite
/// `kernels/internal/reference/integer_ops/depthwise_conv.h`.
///
/// A tile is 16 channels of one position.
#[inline(never)] // A frame of its own: the largest operator counts, not their sum.
pub fn run<T: Team>(team: &T, op: &DepthwiseConv2d<'_>, arena: Cells<'_>) {
    let output = op.output.image();
    let blocks = output.channels.div_ceil(BLOCK_OUTPUTS).max(1);
    for tile_index in team.share(output.positions() * blocks) {
        tile(op, arena, tile_index / blocks, tile_index % blocks * BLOCK_OUTPUTS);
    }
}

#[inline]
fn tile(op: &DepthwiseConv2d<'_>, arena: Cells<'_>, position: usize, first_channel: usize) {
    let y = view(arena, &op.output);
    let channels = op.output.image().channels;
    let mut sums = [0_i32; BLOCK_OUTPUTS];
    for (sum, bias) in sums.iter_mut().zip(op.requant.bias.iter().skip(first_channel)) {
        *sum = *bias;
    }
    accumulate(op, view(arena, &op.input), position, first_channel, &mut sums);
    for (channel, sum) in (first_channel..channels).zip(sums) {
        y.set(position * channels + channel, requantise(&op.requant, channel, sum));
    }
}

/// Adds the window at `position` to the sums of the channels from `first_channel`.
#[inline]
fn accumulate(
    op: &DepthwiseConv2d<'_>,
    x: Cells<'_>,
    position: usize,
    first_channel: usize,
    sums: &mut [i32; BLOCK_OUTPUTS],
) {
    let (input, output) = (op.input.image(), op.output.image());
    let width = output.width.max(1);
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let zero_point = op.input.zero_point();
    let multiplier = op.depth_multiplier.max(1);
    let (row_first, row_end, first_y) = rows.inside(position / width, input.height);
    let (column_first, column_end, first_x) = columns.inside(position % width, input.width);
    for row in row_first..row_end {
        let input_row = (first_y + (row - row_first) * rows.dilation) * input.width;
        for column in column_first..column_end {
            let cell = input_row + first_x + (column - column_first) * columns.dilation;
            let term = (row * columns.kernel + column) * output.channels;
            let end = (term + first_channel + BLOCK_OUTPUTS).min(term + output.channels);
            let ws = op.weights.get(term + first_channel..end).unwrap_or(&[]);
            if multiplier == 1 {
                let xs = x.window(cell * input.channels + first_channel, ws.len()).as_slice();
                for ((sum, w), value) in sums.iter_mut().zip(ws).zip(xs) {
                    add(sum, value.get(), *w, zero_point);
                }
                continue;
            }
            for ((sum, w), channel) in sums.iter_mut().zip(ws).zip(first_channel..) {
                let value = x.get(cell * input.channels + channel / multiplier);
                add(sum, value, *w, zero_point);
            }
        }
    }
}

#[inline]
fn add(sum: &mut i32, value: i8, weight: i8, zero_point: i32) {
    *sum = sum.wrapping_add((i32::from(value) - zero_point) * i32::from(weight));
}
