//! `CONV_2D`: each output channel is a dot product over a window of all channels.

use crate::layout::BLOCK_OUTPUTS;
use crate::op::Conv2d;
use isokern_core::{Cells, Team};

use super::dot::dot;
use crate::fixed::requantise;
use crate::view::view;

/// Runs the calling rank's share of a convolution.
///
/// For output row `i`, column `j`, channel `o`:
/// `acc = bias[o] + sum of w[o][r][s][c] * (x[i'][j'][c] - zero_point)` over the
/// kernel cells that lie inside the input, then [`requantise`]. Cells of padding
/// are left out, which is real zero. Source: TensorFlow Lite
/// `kernels/internal/reference/integer_ops/conv.h`.
///
/// A tile is 16 channels of one position.
#[inline(never)] // A frame of its own: the largest operator counts, not their sum.
pub fn run<T: Team>(team: &T, op: &Conv2d<'_>, arena: Cells<'_>) {
    let output = op.output.image();
    let blocks = output.channels.div_ceil(BLOCK_OUTPUTS).max(1);
    for tile_index in team.share(output.positions() * blocks) {
        tile(op, arena, tile_index / blocks, tile_index % blocks * BLOCK_OUTPUTS);
    }
}

#[inline]
fn tile(op: &Conv2d<'_>, arena: Cells<'_>, position: usize, first_channel: usize) {
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let channels = op.output.image().channels;
    for channel in first_channel..channels.min(first_channel + BLOCK_OUTPUTS) {
        let bias = op.requant.bias.get(channel).copied().unwrap_or(0);
        let accumulator = bias.wrapping_add(window_dot(op, x, position, channel));
        y.set(position * channels + channel, requantise(&op.requant, channel, accumulator));
    }
}

/// The dot product of one channel's weights with the window at `position`.
#[inline]
fn window_dot(op: &Conv2d<'_>, x: Cells<'_>, position: usize, channel: usize) -> i32 {
    let (input, width) = (op.input.image(), op.output.image().width.max(1));
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let zero_point = op.input.zero_point();
    let (row_first, row_end, first_y) = rows.inside(position / width, input.height);
    let (column_first, column_end, first_x) = columns.inside(position % width, input.width);

    let (run_cells, run_count) = columns.runs(column_end - column_first);
    let mut sum = 0_i32;
    for row in row_first..row_end {
        let input_row = (first_y + (row - row_first) * rows.dilation) * input.width;
        for run in 0..run_count {
            let cell = (input_row + first_x + run * columns.dilation) * input.channels;
            let xs = x.window(cell, run_cells * input.channels).as_slice();
            let first_term = (column_first + run) * input.channels;
            sum = sum.wrapping_add(dot(&op.weights, channel, (row, first_term), xs, zero_point));
        }
    }
    sum
}
