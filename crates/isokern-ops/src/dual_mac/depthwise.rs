//! Depthwise convolutions with multiplier 1: four channels of a row of positions at a time.
//!
//! For four channels, all there is to know of them comes into [`Taps`] once. Then a part of the
//! image after the other comes into a [`Tile`], with its padding, so that the loop over positions
//! has no tests for it.

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2dView;

use super::DualMac;
use super::scale::{is_whole, limit};
use super::taps::{CHANNELS, TAPS_MAX, Taps};
use super::tile::{TILE_CELLS, Tile};

/// Returns whether the loops run an operator of this shape.
#[inline]
pub(super) fn takes(op: &DepthwiseConv2dView<'_>) -> bool {
    let (rows, columns) = (op.window.rows(), op.window.columns());
    op.depth_multiplier == 1
        && op.output.image().channels >= CHANNELS
        && rows.kernel * columns.kernel <= TAPS_MAX
        && rows.extent().saturating_mul(columns.extent()) <= TILE_CELLS
}

/// Runs the calling rank's share of a depthwise convolution; a tile is four channels.
#[inline(never)]
pub(super) fn run<D: DualMac, T: Team>(
    team: &T,
    op: &DepthwiseConv2dView<'_>,
    memory: &Memory<'_>,
) {
    let channels = op.output.image().channels;
    let (x, y) = (memory.view(&op.input), memory.view(&op.output));
    let columns = op.window.columns();
    let mut taps = Taps::new(4 * columns.stride, channels, op.requant.zero_point);
    let mut tile = Tile::new();
    let parts = Parts::new(op);
    for block in team.share(channels / CHANNELS) {
        let channel = block * CHANNELS;
        parts.run::<D>(op, (x, y), channel, (&mut taps, &mut tile));
        let rest = channels - channel;
        if rest > CHANNELS && rest < 2 * CHANNELS {
            // The last four are some of those before as well, which no other rank computes.
            parts.run::<D>(op, (x, y), channels - CHANNELS, (&mut taps, &mut tile));
        }
    }
}

/// Puts the weights of four channels into `taps`, for tiles of that width.
#[inline(never)] // Its registers are not those of the loop.
fn fill(taps: &mut Taps, op: &DepthwiseConv2dView<'_>, channel: usize, tile_columns: usize) {
    let channels = op.output.image().channels;
    let (rows, columns) = (op.window.rows(), op.window.columns());
    taps.start(&op.requant, channel);
    let mut index = 0;
    for row in 0..rows.kernel {
        for column in 0..columns.kernel {
            let cell = row * rows.dilation * tile_columns + column * columns.dilation;
            let start = index * channels + channel;
            let weights = op.weights.get(start..).and_then(|tail| tail.first_chunk());
            let Some(weights) = weights else { return };
            taps.put(index, 4 * cell, *weights, op.input.zero_point());
            index += 1;
        }
    }
}

/// How an output is parted, so that the windows of a part fit into a tile.
#[derive(Debug)]
struct Parts {
    rows: usize,
    columns: usize,
    tile_columns: usize,
}

impl Parts {
    /// Returns the parts with as many columns as there is room for, then as many rows.
    #[inline]
    fn new(op: &DepthwiseConv2dView<'_>) -> Self {
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let output = op.output.image();
        let most = |cells: usize, extent: usize, stride: usize, len: usize| {
            (1 + cells.saturating_sub(extent) / stride.max(1)).min(len)
        };
        let tile_columns = TILE_CELLS / rows.extent().max(1);
        let count = most(tile_columns, columns.extent(), columns.stride, output.width);
        let tile_columns = count.saturating_sub(1) * columns.stride + columns.extent();
        let tile_rows = TILE_CELLS / tile_columns.max(1);
        Self {
            rows: most(tile_rows, rows.extent(), rows.stride, output.height),
            columns: count,
            tile_columns,
        }
    }

    /// Computes four channels of all positions.
    #[inline(never)] // Its registers are not those of the loop.
    fn run<D: DualMac>(
        &self,
        op: &DepthwiseConv2dView<'_>,
        (x, y): (Cells<'_>, Cells<'_>),
        channel: usize,
        (taps, tile): (&mut Taps, &mut Tile),
    ) {
        fill(taps, op, channel, self.tile_columns);
        let output = op.output.image();
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let image = (op.input.image(), x, op.input.zero_point());
        let mut row = 0;
        while row < output.height {
            let row_count = self.rows.min(output.height - row);
            let mut column = 0;
            while column < output.width {
                let count = self.columns.min(output.width - column);
                let start = (row * rows.stride, column * columns.stride);
                let tile_rows = (row_count - 1) * rows.stride + rows.extent();
                tile.gather::<D>(
                    image,
                    channel,
                    (start, (rows.pad, columns.pad)),
                    (tile_rows, self.tile_columns),
                );
                let mut words = tile.words();
                let line = output.width * output.channels;
                let first = row * line + column * output.channels + channel;
                let mut cells = y.window(first, y.len().saturating_sub(first));
                for _ in 0..row_count {
                    D::four_channels(taps, words, cells.as_slice(), count);
                    words = words.get(rows.stride * self.tile_columns..).unwrap_or(&[]);
                    cells = cells.window(line, cells.len().saturating_sub(line));
                }
                column += self.columns.max(1);
            }
            row += self.rows.max(1);
        }
        if !is_whole(op.requant.activation) {
            for position in 0..output.positions() {
                let cells = y.window(position * output.channels + channel, CHANNELS);
                limit(cells.as_slice(), op.requant.activation);
            }
        }
    }
}
