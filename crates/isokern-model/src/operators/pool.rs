//! `AVERAGE_POOL_2D`: the mean over the cells of a window.

use crate::layout::BLOCK_OUTPUTS;
use crate::op::Pool;
use isokern_core::{Cells, Team};

use crate::fixed::clamp;
use crate::view::view;

/// Runs the calling rank's share of an average pool.
///
/// The mean of the raw values inside the input, to nearest, ties away from zero;
/// cells of padding do not count. Input and output share scale and zero point.
/// Source: TensorFlow Lite `kernels/internal/reference/integer_ops/pooling.h`.
///
/// A tile is 16 channels of one position.
#[inline(never)] // A frame of its own: the largest operator counts, not their sum.
pub fn run<T: Team>(team: &T, op: &Pool, arena: Cells<'_>) {
    let output = op.output.image();
    let blocks = output.channels.div_ceil(BLOCK_OUTPUTS).max(1);
    for tile_index in team.share(output.positions() * blocks) {
        tile(op, arena, tile_index / blocks, tile_index % blocks * BLOCK_OUTPUTS);
    }
}

#[inline]
fn tile(op: &Pool, arena: Cells<'_>, position: usize, first_channel: usize) {
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let (input, width) = (op.input.image(), op.output.image().width.max(1));
    let (row_first, row_end, first_y) = op.window.rows().inside(position / width, input.height);
    let (column_first, column_end, first_x) =
        op.window.columns().inside(position % width, input.width);
    let block = BLOCK_OUTPUTS.min(input.channels.saturating_sub(first_channel));

    let mut sums = [0_i32; BLOCK_OUTPUTS];
    for row in first_y..first_y + (row_end - row_first) {
        for column in first_x..first_x + (column_end - column_first) {
            let cell = (row * input.width + column) * input.channels + first_channel;
            for (sum, value) in sums.iter_mut().zip(x.window(cell, block).as_slice()) {
                *sum = sum.wrapping_add(value.get().into());
            }
        }
    }
    let count = ((row_end - row_first) * (column_end - column_first)) as i32;
    for (channel, sum) in (first_channel..first_channel + block).zip(sums) {
        let mean = clamp(mean(sum, count), op.activation.min, op.activation.max);
        y.set(position * input.channels + channel, mean);
    }
}

/// `sum / count`, to nearest, ties away from zero; 0 for an empty window.
///
/// ```
/// use isokern_model::operators::pool::mean;
///
/// assert_eq!([mean(5, 2), mean(-5, 2), mean(7, 3), mean(0, 0)], [3, -3, 2, 0]);
/// ```
#[inline]
#[must_use]
pub const fn mean(sum: i32, count: i32) -> i32 {
    let half = if sum > 0 { count / 2 } else { -(count / 2) };
    match (sum.wrapping_add(half)).checked_div(count) {
        Some(mean) => mean,
        None => 0,
    }
}
