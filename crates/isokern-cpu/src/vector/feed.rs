//! Activations in the order a dot-product tile reads them.
//!
//! A tile multiplies rows of weights with stretches of neighbouring activations. A
//! [`Feed`] holds these stretches for the positions of one *chunk*, padding filled
//! in, so that position `p`, kernel row `r` starts at `p * position_bytes + r *
//! row_bytes`. Where the stretches of neighbours overlap in the image they share
//! bytes here too; only dilated windows and very wide images are laid out apart.

use isokern_core::Cells;
use isokern_model::geometry::{Axis, Window};
use isokern_model::tensor::Image;
use isokern_model::weights::Weights;

/// Bytes of a small feed: what most operators need, and cheap to clear.
pub(super) const SMALL_BYTES: usize = 4096;
/// Bytes of a large feed: the limit of what the vector tiles take.
pub(super) const LARGE_BYTES: usize = 32_768;
/// Bytes a tile may read past the last activation, where weights are zero.
const SLACK_BYTES: usize = 4;

/// How an operator's activations are cut into chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    rows: Axis,
    columns: Axis,
    height: usize,
    width: usize,
    channels: usize,
    out_width: usize,
    positions: usize,
    chunk_positions: usize,
    shape: Shape,
    zero_point: i8,
    /// Bytes from a position to the next.
    pub(super) position_bytes: usize,
    /// Bytes from a kernel row to the next.
    pub(super) row_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Positions read the image cell by cell, in order: nothing overlaps.
    Pointwise,
    /// A chunk is an output row; each kernel row is a line of the image.
    Lines,
    /// Each position has its window to itself.
    Windows,
}

impl Plan {
    /// Returns the plan of dot products over the windows of an image, if a chunk fits a large feed.
    pub(super) fn of_windows(
        (input, output): (Image, Image),
        window: Window,
        weights: &Weights<'_>,
        zero_point: i32,
    ) -> Option<Self> {
        let unit = Window {
            kernel_height: 1,
            kernel_width: 1,
            stride_height: 1,
            stride_width: 1,
            ..window
        };
        let mut plan = Self::new(zero_point, weights);
        plan.rows = window.rows();
        plan.columns = window.columns();
        plan.height = input.height;
        plan.width = input.width;
        plan.channels = input.channels;
        plan.out_width = output.width;
        plan.positions = output.positions();
        if window == unit && output.positions() == input.positions() {
            return plan.pointwise();
        }
        plan.lines().or_else(|| plan.windows())
    }

    /// Returns the plan of dot products over `rows` rows, if a row fits a large feed.
    pub(super) fn of_rows(rows: usize, weights: &Weights<'_>, zero_point: i32) -> Option<Self> {
        let mut plan = Self::new(zero_point, weights);
        plan.channels = weights.terms.row_terms;
        plan.positions = rows;
        plan.pointwise()
    }

    fn new(zero_point: i32, weights: &Weights<'_>) -> Self {
        let unit = Axis { kernel: 1, stride: 1, dilation: 1, pad: 0 };
        Self {
            rows: unit,
            columns: unit,
            height: 1,
            width: 1,
            channels: 1,
            out_width: 1,
            positions: 1,
            chunk_positions: 1,
            shape: Shape::Pointwise,
            zero_point: zero_point as i8,
            position_bytes: weights.terms.row_groups() * 4,
            row_bytes: weights.terms.row_groups() * 4,
        }
    }

    fn pointwise(mut self) -> Option<Self> {
        let fitting = (LARGE_BYTES - SLACK_BYTES) / self.position_bytes.max(1);
        self.chunk_positions = fitting.min(self.positions);
        // Two chunks in a small feed are better than one in a large.
        let small = (SMALL_BYTES - SLACK_BYTES) / self.position_bytes.max(1);
        if small >= 32 {
            self.chunk_positions = small.min(self.positions);
        }
        (self.chunk_positions > 0).then_some(self)
    }

    fn lines(mut self) -> Option<Self> {
        let cells = (self.out_width - 1) * self.columns.stride + self.columns.extent();
        self.shape = Shape::Lines;
        self.chunk_positions = self.out_width;
        self.position_bytes = self.columns.stride * self.channels;
        self.row_bytes = cells * self.channels;
        (self.columns.dilation == 1 && self.bytes() <= LARGE_BYTES).then_some(self)
    }

    fn windows(mut self) -> Option<Self> {
        self.shape = Shape::Windows;
        self.position_bytes = self.rows.kernel * self.row_bytes;
        let fitting = (LARGE_BYTES - SLACK_BYTES) / self.position_bytes.max(1);
        self.chunk_positions = fitting.min(self.out_width);
        (self.chunk_positions > 0).then_some(self)
    }

    /// Returns bytes of feed the plan needs.
    pub(super) const fn bytes(&self) -> usize {
        let chunk = match self.shape {
            Shape::Lines => self.rows.kernel * self.row_bytes,
            Shape::Pointwise | Shape::Windows => self.chunk_positions * self.position_bytes,
        };
        chunk + SLACK_BYTES
    }

    /// Returns the chunks, as first position and number of positions.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (usize, usize)> {
        let (positions, step, shape) = (self.positions, self.chunk_positions, self.shape);
        let out_width = self.out_width;
        let mut first = 0;
        core::iter::from_fn(move || {
            let line_end = match shape {
                Shape::Pointwise => positions,
                Shape::Lines | Shape::Windows => (first / out_width + 1) * out_width,
            };
            let count = step.min(line_end.min(positions).saturating_sub(first));
            let chunk = (first, count);
            first += count;
            (count > 0).then_some(chunk)
        })
    }
}

/// The activations of one chunk; `FLIP` is xored into each byte.
pub(super) struct Feed<const BYTES: usize, const FLIP: i8> {
    bytes: [i8; BYTES],
}

impl<const BYTES: usize, const FLIP: i8> Feed<BYTES, FLIP> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { bytes: [0; BYTES] }
    }

    /// Returns the bytes, for a tile.
    #[inline(always)]
    pub(super) const fn bytes(&self) -> &[i8] {
        &self.bytes
    }

    /// Fills in the chunk of `count` positions from `first`.
    #[inline(always)]
    pub(super) fn fill(&mut self, plan: &Plan, x: Cells<'_>, (first, count): (usize, usize)) {
        match plan.shape {
            Shape::Pointwise if plan.channels == plan.position_bytes => {
                self.copy(x, first * plan.channels, 0, count * plan.channels);
            }
            Shape::Pointwise => {
                for index in 0..count {
                    let from = (first + index) * plan.channels;
                    self.copy(x, from, index * plan.position_bytes, plan.channels);
                }
            }
            Shape::Lines => self.fill_lines(plan, x, first / plan.out_width),
            Shape::Windows => {
                for index in 0..count {
                    let (row, column) = (first / plan.out_width, first % plan.out_width + index);
                    self.fill_window(plan, x, (row, column), index * plan.position_bytes);
                }
            }
        }
    }

    #[inline(always)]
    fn fill_lines(&mut self, plan: &Plan, x: Cells<'_>, row: usize) {
        let pad = plan.columns.pad * plan.channels;
        let line = plan.width * plan.channels;
        let (row_first, row_end, first_y) = plan.rows.inside(row, plan.height);
        for kernel_row in 0..plan.rows.kernel {
            let to = kernel_row * plan.row_bytes;
            if kernel_row < row_first || kernel_row >= row_end {
                self.pad(plan, to, plan.row_bytes);
                continue;
            }
            let y = first_y + (kernel_row - row_first) * plan.rows.dilation;
            let copied = line.min(plan.row_bytes - pad);
            self.pad(plan, to, pad);
            self.copy(x, y * line, to + pad, copied);
            self.pad(plan, to + pad + copied, plan.row_bytes - pad - copied);
        }
    }

    #[inline(always)]
    fn fill_window(&mut self, plan: &Plan, x: Cells<'_>, (row, column): (usize, usize), to: usize) {
        let (row_first, row_end, first_y) = plan.rows.inside(row, plan.height);
        let (column_first, column_end, first_x) = plan.columns.inside(column, plan.width);
        self.pad(plan, to, plan.position_bytes);
        for kernel_row in row_first..row_end {
            let y = first_y + (kernel_row - row_first) * plan.rows.dilation;
            let mut from = (y * plan.width + first_x) * plan.channels;
            let mut to = to + kernel_row * plan.row_bytes + column_first * plan.channels;
            for _ in column_first..column_end {
                self.copy(x, from, to, plan.channels);
                from += plan.columns.dilation * plan.channels;
                to += plan.channels;
            }
        }
    }

    #[inline(always)]
    fn pad(&mut self, plan: &Plan, to: usize, len: usize) {
        if let Some(target) = self.bytes.get_mut(to..).and_then(|tail| tail.get_mut(..len)) {
            target.fill(plan.zero_point ^ FLIP);
        }
    }

    /// Copies in blocks; the last one overlaps the one before.
    #[inline(always)]
    fn copy(&mut self, x: Cells<'_>, from: usize, to: usize, len: usize) {
        const BLOCK: usize = 32;
        let Some(target) = self.bytes.get_mut(to..).and_then(|tail| tail.get_mut(..len)) else {
            return;
        };
        let source = x.window(from, len);
        let flipped = |mut block: [i8; BLOCK]| {
            for value in &mut block {
                *value ^= FLIP;
            }
            block
        };
        if len < BLOCK {
            for (value, cell) in target.iter_mut().zip(source.as_slice()) {
                *value = cell.get() ^ FLIP;
            }
            return;
        }
        for (index, block) in target.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            *block = flipped(source.load(index * BLOCK));
        }
        if let Some(block) = target.last_chunk_mut::<BLOCK>() {
            *block = flipped(source.load(len - BLOCK));
        }
    }
}
