//! A part of an image, four channels of it, with its padding.

use isokern_core::Cells;

use super::taps::CHANNELS;
use super::{FourChannels, word};
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2dView;

/// Cells a tile holds.
pub(super) const TILE_CELLS: usize = 152;

/// Four channels of the cells of a rectangle, a word each, row after row. Cells outside the image
/// have the zero point.
pub(super) struct Tile {
    words: [u32; TILE_CELLS],
}

impl Tile {
    #[inline]
    pub(super) const fn new() -> Self {
        Self { words: [0; TILE_CELLS] }
    }

    /// Returns the cells.
    #[inline]
    pub(super) const fn words(&self) -> &[u32] {
        &self.words
    }

    /// Takes `rows` by `columns` cells, at most [`TILE_CELLS`], four channels from `channel` on.
    /// The first cell is at row and column `start` of the image with its padding.
    #[inline(never)] // A stack frame of its own.
    pub(super) fn gather<D: FourChannels>(
        &mut self,
        op: &DepthwiseConv2dView<'_>,
        (x, channel): (Cells<'_>, usize),
        start: (usize, usize),
        (rows, columns): (usize, usize),
    ) {
        let image = op.input.image();
        let pad = (op.window.rows().pad, op.window.columns().pad);
        let zeros = word([op.input.zero_point() as i8; CHANNELS]);
        let before = pad.1.saturating_sub(start.1).min(columns);
        let first = start.1.saturating_sub(pad.1);
        let inside = (columns - before).min(image.width.saturating_sub(first));
        for (row, words) in (start.0..).zip(self.words.chunks_mut(columns.max(1)).take(rows)) {
            let y = row.checked_sub(pad.0).filter(|y| *y < image.height);
            if y.is_none() || inside < columns {
                words.fill(zeros);
            }
            let middle = words.get_mut(before..).and_then(|tail| tail.get_mut(..inside));
            let (Some(y), Some(middle)) = (y, middle) else { continue };
            let cell = (y * image.width + first) * image.channels + channel;
            let len = inside.saturating_sub(1) * image.channels + CHANNELS;
            D::words_apart(x.window(cell, len).as_slice(), image.channels, middle);
        }
    }
}
