//! Activations of a few output positions, brought together for a tile.

use isokern_core::Cells;
use isokern_model::op::Conv2d;

/// Positions a patch holds at most.
pub(super) const ROWS_MAX: usize = 8;
/// Groups of four terms in a small patch: 4 KiB.
pub(super) const SMALL_GROUPS: usize = 1024;
/// Groups of four terms in a large patch: 32 KiB.
pub(super) const LARGE_GROUPS: usize = 8192;

/// Rows of activations, each a multiple of four terms, on the stack.
pub(super) struct Patch<const N: usize> {
    words: [u32; N],
    row_groups: usize,
}

impl<const N: usize> Patch<N> {
    /// An empty patch for rows of `groups` groups.
    #[inline]
    pub(super) const fn new(groups: usize) -> Self {
        Self { words: [0; N], row_groups: groups }
    }

    /// How many rows fit.
    pub(super) fn rows_max(&self) -> usize {
        (N / self.row_groups.max(1)).clamp(1, ROWS_MAX)
    }

    /// The first rows, for a tile.
    pub(super) fn groups(&self, rows: usize) -> &[u32] {
        self.words.get(..rows * self.row_groups).unwrap_or(&self.words)
    }

    /// Copies `len` activations into a row. What lies behind them in the last group
    /// meets weights of zero.
    #[inline]
    pub(super) fn copy_row(&mut self, row: usize, x: Cells<'_>, start: usize, len: usize) {
        copy(x, start, self.bytes(row * self.row_groups * 4, len));
    }

    /// Brings the windows of `rows` positions from `first` together.
    pub(super) fn gather(&mut self, op: &Conv2d<'_>, x: Cells<'_>, first: usize, rows: usize) {
        let (input, window) = (op.input.image(), &op.window);
        let pointwise = (window.kernel_height, window.kernel_width) == (1, 1)
            && (window.stride_height, window.stride_width) == (1, 1)
            && input.channels.is_multiple_of(4)
            && op.output.image().positions() == input.positions();
        if pointwise {
            return self.copy_row(0, x, first * input.channels, rows * input.channels);
        }
        let width = op.output.image().width.max(1);
        let (mut row, mut column) = (first / width, first % width);
        for index in 0..rows {
            self.gather_window(op, x, index * self.row_groups * 4, (row, column));
            column += 1;
            if column == width {
                (row, column) = (row + 1, 0);
            }
        }
    }

    /// Copies one window, padding filled with the zero point.
    fn gather_window(
        &mut self,
        op: &Conv2d<'_>,
        x: Cells<'_>,
        start: usize,
        (row, column): (usize, usize),
    ) {
        let input = op.input.image();
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let (row_first, row_end, first_y) = rows.inside(row, input.height);
        let (column_first, column_end, first_x) = columns.inside(column, input.width);
        let line = columns.kernel * input.channels;
        let whole =
            (row_end - row_first, column_end - column_first) == (rows.kernel, columns.kernel);
        if !whole {
            let zero_point = op.input.zero_point() as i8;
            self.bytes(start, rows.kernel * line).fill(zero_point);
        }
        for kernel_row in row_first..row_end {
            let input_row = first_y + (kernel_row - row_first) * rows.dilation;
            let from = (input_row * input.width + first_x) * input.channels;
            let to = start + kernel_row * line + column_first * input.channels;
            if columns.dilation == 1 {
                let len = (column_end - column_first) * input.channels;
                copy(x, from, self.bytes(to, len));
                continue;
            }
            for run in 0..column_end - column_first {
                let from = from + run * columns.dilation * input.channels;
                copy(x, from, self.bytes(to + run * input.channels, input.channels));
            }
        }
    }

    fn bytes(&mut self, start: usize, len: usize) -> &mut [i8] {
        let bytes: &mut [i8] = bytemuck::must_cast_slice_mut(&mut self.words);
        bytes.get_mut(start..).and_then(|tail| tail.get_mut(..len)).unwrap_or(&mut [])
    }
}

/// Copies cells without a call: 16 at a time, the last 16 overlapping.
#[inline]
fn copy(x: Cells<'_>, from: usize, target: &mut [i8]) {
    let len = target.len();
    if len > 256 {
        return x.copy_to(from, target);
    }
    if len < 16 {
        let source = x.window(from, len).as_slice();
        for (value, cell) in target.iter_mut().zip(source) {
            *value = cell.get();
        }
        return;
    }
    let mut at = 0;
    for chunk in target.as_chunks_mut::<16>().0 {
        *chunk = x.load(from + at);
        at += 16;
    }
    if let Some(last) = target.last_chunk_mut::<16>() {
        *last = x.load(from + len - 16);
    }
}
