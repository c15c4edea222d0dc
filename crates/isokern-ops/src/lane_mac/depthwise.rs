//! Depthwise convolutions with multiplier 1: four channels of a row of positions at a time.
//!
//! The weights of four channels are widened once. Positions whose windows have the same cells
//! inside the image go together: there are no tests for padding in their loop.

use core::cell::Cell;

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2dView;

use super::regions::stretch_from;
use super::{Channels, FourScales, LaneMac};

/// Channels that are computed at a time.
pub const LANES: usize = 4;

/// Cells of a kernel at most.
const TAPS_MAX: usize = 25;

/// Returns whether the loops take an operator of this shape.
#[inline]
pub(super) fn takes(op: &DepthwiseConv2dView<'_>) -> bool {
    let channels = op.output.image().channels;
    op.depth_multiplier == 1
        && channels >= LANES
        && op.window.rows().kernel * op.window.columns().kernel <= TAPS_MAX
}

/// Runs the calling rank's share of a depthwise convolution; a tile is four channels.
#[inline(never)]
pub(super) fn run<D: LaneMac, T: Team>(
    team: &T,
    op: &DepthwiseConv2dView<'_>,
    memory: &Memory<'_>,
) {
    let channels = op.output.image().channels;
    let cells = (memory.view(&op.input), memory.view(&op.output));
    for block in team.share(channels / LANES) {
        let channel = block * LANES;
        four::<D>(op, cells, channel);
        let rest = channels - channel;
        if rest > LANES && rest < 2 * LANES {
            // The last four are some of those before as well, which no other rank computes.
            four::<D>(op, cells, channels - LANES);
        }
    }
}

/// Computes four channels of all positions.
#[inline(never)] // Its frame is not that of the loop over blocks.
fn four<D: LaneMac>(op: &DepthwiseConv2dView<'_>, (x, y): (Cells<'_>, Cells<'_>), channel: usize) {
    let (input, output) = (op.input.image(), op.output.image());
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let mut taps = [[0; LANES]; TAPS_MAX + 1];
    widen(&mut taps, op, channel);
    let x_line = input.width * input.channels;
    let bias = op.requant.bias.get(channel..).and_then(|bias| bias.first_chunk());
    let mut job = Channels {
        bias: bias.copied().unwrap_or_default(),
        scales: FourScales::of(&op.requant, channel),
        taps: &[],
        taps_row: columns.kernel,
        window: [1; 2],
        xs: &[],
        x_cells: [rows.dilation * x_line, columns.dilation * input.channels],
        x_steps: [rows.stride * x_line, columns.stride * input.channels],
        x_zero_point: op.input.zero_point(),
        ys: &[],
        y_steps: [output.width * output.channels, output.channels],
        positions: [1; 2],
        zero_point: op.requant.zero_point,
        activation: op.requant.activation,
    };
    let x_steps = job.x_steps;
    let mut row = 0;
    while row < output.height {
        let lines = stretch_from(&rows, row, output.height, input.height);
        row = lines.outputs.end;
        let mut column = 0;
        while column < output.width {
            let cells = stretch_from(&columns, column, output.width, input.width);
            column = cells.outputs.end;
            let mut first = (lines.first_cell * input.width + cells.first_cell) * input.channels;
            let mut first_tap = lines.kernel.start * columns.kernel + cells.kernel.start;
            job.window = [lines.kernel.len(), cells.kernel.len()];
            job.x_steps = x_steps;
            if job.window.contains(&0) {
                // All padding: one tap, whose weight is zero.
                (first, first_tap) = (0, TAPS_MAX);
                (job.window, job.x_steps) = ([1; 2], [0; 2]);
            }
            job.taps = taps.get(first_tap..).unwrap_or(&[]);
            job.xs = tail(x, first + channel);
            job.positions = [lines.outputs.len(), cells.outputs.len()];
            let position = lines.outputs.start * output.width + cells.outputs.start;
            job.ys = tail(y, position * output.channels + channel);
            D::channels(&job);
        }
    }
}

/// Returns all cells from one on.
#[inline]
fn tail(cells: Cells<'_>, first: usize) -> &[Cell<i8>] {
    cells.window(first, cells.len().saturating_sub(first)).as_slice()
}

/// Widens the weights of four channels. The last tap stays zero.
#[inline(never)] // Its registers are not those of the loop.
fn widen(taps: &mut [[i32; LANES]; TAPS_MAX + 1], op: &DepthwiseConv2dView<'_>, channel: usize) {
    let channels = op.output.image().channels;
    let rows = op.weights.get(channel..).unwrap_or(&[]).chunks(channels.max(1));
    for (tap, ws) in taps.iter_mut().take(TAPS_MAX).zip(rows) {
        if let Some(ws) = ws.first_chunk::<LANES>() {
            *tap = ws.map(i32::from);
        }
    }
}
