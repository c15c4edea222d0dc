//! Depthwise convolutions with multiplier 1: four channels of a row of positions at a time.
//!
//! For four channels, all there is to know of them comes into [`Taps`] once. Then a part of the
//! image after the other comes into a tile, with its padding, so that the loop over positions
//! has no tests for it.

mod taps;
mod tile;

use core::cell::Cell;

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2dView;

use taps::{CHANNELS, TAPS_MAX};
use tile::{TILE_CELLS, Tile};

use crate::scale::{Rescale, have_room, is_whole, limit};

pub use taps::{TapPair, Taps};

/// Loops over neighbouring positions of four channels.
pub trait FourChannels: Rescale {
    /// Loads words that start `step` cells apart in `xs`; of fewer cells than
    /// `(words.len() - 1) * step + 4` it loads as many words as it finds.
    #[inline]
    fn words_apart(xs: &[Cell<i8>], step: usize, words: &mut [u32]) {
        let mut xs = xs;
        for target in words {
            let Some(cells) = xs.first_chunk() else { return };
            *target = word(Cells::values(cells));
            xs = xs.get(step..).unwrap_or(&[]);
        }
    }

    /// Returns the sums of four channels for the window that starts with `xs`.
    #[inline(always)]
    fn sums(taps: &Taps, xs: &[u32]) -> [i32; 4] {
        sums(taps, xs)
    }

    /// Computes `count` neighbouring positions of four channels with `taps`: their windows start
    /// [`Taps::x_step`] bytes apart in `xs`, whose words have the four channels of a cell, and
    /// their four results [`Taps::y_step`] cells apart in `ys`. Computes none if there is not room
    /// for all.
    #[inline(never)] // A stack frame of its own.
    fn four_channels(taps: &Taps, xs: &[u32], ys: &[Cell<i8>], count: usize) {
        if !taps.has_room(xs.len(), ys.len(), count) {
            return;
        }
        let (mut xs, mut ys) = (xs, ys);
        for _ in 0..count {
            let sums = Self::sums(taps, xs);
            for ((y, sum), scale) in ys.iter().zip(&sums).zip(taps.scales()) {
                y.set(Self::requantised(*sum, *scale, taps.zero_point()));
            }
            xs = xs.get(taps.x_step() / 4..).unwrap_or(&[]);
            ys = ys.get(taps.y_step()..).unwrap_or(&[]);
        }
    }

    /// Whether [`rectangle`](Self::rectangle) is called in place of
    /// [`four_channels`](Self::four_channels).
    const HAS_RECTANGLES: bool = false;

    /// Computes a rectangle of positions of four channels, each row as
    /// [`four_channels`](Self::four_channels) does. Computes none if there is not room for all.
    #[inline]
    fn rectangle(taps: &Taps, xs: &[u32], ys: &[Cell<i8>], size: &Rectangle) {
        if !taps.have_room(xs.len(), ys.len(), size) {
            return;
        }
        for row in 0..size.rows {
            let xs = xs.get(row * size.x_line..).unwrap_or(&[]);
            let ys = ys.get(row * size.y_line..).unwrap_or(&[]);
            Self::four_channels(taps, xs, ys, size.columns);
        }
    }
}

/// A rectangle of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    /// Rows of positions.
    pub rows: usize,
    /// Positions of a row.
    pub columns: usize,
    /// Words between the first windows of two rows.
    pub x_line: usize,
    /// Cells between the first results of two rows.
    pub y_line: usize,
}

/// Returns the sums of four channels for the window that starts with `xs`.
#[inline(always)]
fn sums(taps: &Taps, xs: &[u32]) -> [i32; CHANNELS] {
    let add = |sum: i32, [first, second]: [u32; 2], weights: u32, channel: u32| {
        let byte = |word: u32| i32::from((word >> (8 * channel)) as i8);
        let sum = sum.wrapping_add(byte(first) * low(weights));
        sum.wrapping_add(byte(second) * high(weights))
    };
    let [mut a, mut b, mut c, mut d] = taps.bias();
    for pair in taps.pairs() {
        let (words, weights) = (pair.words(xs), pair.weights());
        a = add(a, words, weights[0], 0);
        b = add(b, words, weights[1], 1);
        c = add(c, words, weights[2], 2);
        d = add(d, words, weights[3], 3);
    }
    [a, b, c, d]
}

/// Returns whether the loops run an operator of this shape: its sums must have room for a product
/// of 32 bits.
#[inline]
pub(crate) fn takes(op: &DepthwiseConv2dView<'_>) -> bool {
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let taps = rows.kernel * columns.kernel;
    op.depth_multiplier == 1
        && op.output.image().channels >= CHANNELS
        && taps <= TAPS_MAX
        && rows.extent().saturating_mul(columns.extent()) <= TILE_CELLS
        && have_room(&op.requant, taps)
}

/// Runs the calling rank's share of a depthwise convolution; a tile is four channels.
#[inline(never)]
pub(crate) fn run<D: FourChannels, T: Team>(
    team: &T,
    op: &DepthwiseConv2dView<'_>,
    memory: &Memory<'_>,
) {
    let channels = op.output.image().channels;
    let columns = op.window.columns();
    let mut taps = Taps::new(4 * columns.stride, channels, op.requant.zero_point);
    let mut tile = Tile::new();
    let parts = Parts::new(op);
    for block in team.share(channels / CHANNELS) {
        let mut channel = block * CHANNELS;
        loop {
            fill(&mut taps, op, channel, parts.tile_columns);
            parts.run::<D>(op, memory, channel, (&taps, &mut tile));
            let rest = channels - channel;
            if rest <= CHANNELS || rest >= 2 * CHANNELS {
                break;
            }
            // The last four are some of those before as well, which no other rank computes.
            channel = channels - CHANNELS;
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
    fn run<D: FourChannels>(
        &self,
        op: &DepthwiseConv2dView<'_>,
        memory: &Memory<'_>,
        channel: usize,
        (taps, tile): (&Taps, &mut Tile),
    ) {
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        let output = op.output.image();
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let mut row = 0;
        while row < output.height {
            let row_count = self.rows.min(output.height - row);
            let mut column = 0;
            while column < output.width {
                let count = self.columns.min(output.width - column);
                let start = (row * rows.stride, column * columns.stride);
                let tile_rows = (row_count - 1) * rows.stride + rows.extent();
                tile.gather::<D>(op, (x, channel), start, (tile_rows, self.tile_columns));
                let mut words = tile.words();
                let line = output.width * output.channels;
                let first = row * line + column * output.channels + channel;
                let mut cells = y.window(first, y.len().saturating_sub(first));
                if D::HAS_RECTANGLES {
                    let x_line = rows.stride * self.tile_columns;
                    let size = Rectangle { rows: row_count, columns: count, x_line, y_line: line };
                    D::rectangle(taps, words, cells.as_slice(), &size);
                } else {
                    for _ in 0..row_count {
                        D::four_channels(taps, words, cells.as_slice(), count);
                        words = words.get(rows.stride * self.tile_columns..).unwrap_or(&[]);
                        cells = cells.window(line, cells.len().saturating_sub(line));
                    }
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

/// Returns the word of four bytes, in the order of memory.
#[inline]
pub(crate) const fn word([a, b, c, d]: [i8; 4]) -> u32 {
    u32::from_le_bytes([a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), d.cast_unsigned()])
}

/// Returns the lower half, as a number.
#[inline]
pub(crate) const fn low(halves: u32) -> i32 {
    (halves as i16) as i32
}

/// Returns the upper half, as a number.
#[inline]
pub(crate) const fn high(halves: u32) -> i32 {
    halves.cast_signed() >> 16
}
