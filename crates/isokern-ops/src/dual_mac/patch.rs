//! The activations of one position, brought together on the stack.

use isokern_core::Cells;
use isokern_model::op::Conv2d;

/// Activations a patch holds: all windows of the reference models, and no more than
/// a third of a firmware stack of 2 KiB.
pub(super) const PATCH_BYTES: usize = 640;

/// The activations that meet one output's weights, in the order of the row layout.
pub(super) struct Patch {
    bytes: [i8; PATCH_BYTES],
    len: usize,
}

impl Patch {
    /// A patch of `len` activations, at most [`PATCH_BYTES`].
    #[inline]
    pub(super) const fn new(len: usize) -> Self {
        Self { bytes: [0; PATCH_BYTES], len }
    }

    /// The activations.
    #[inline]
    pub(super) fn values(&self) -> &[i8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// Takes neighbouring activations.
    #[inline]
    pub(super) fn copy(&mut self, x: Cells<'_>, start: usize) {
        if let Some(target) = self.bytes.get_mut(..self.len) {
            x.copy_to(start, target);
        }
    }

    /// Takes the window of an output position; padding becomes the zero point.
    #[inline]
    pub(super) fn gather(&mut self, op: &Conv2d<'_>, x: Cells<'_>, (row, column): (usize, usize)) {
        let input = op.input.image();
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let (row_first, row_end, first_y) = rows.inside(row, input.height);
        let (column_first, column_end, first_x) = columns.inside(column, input.width);
        let line = columns.kernel * input.channels;
        let whole =
            row_end - row_first == rows.kernel && column_end - column_first == columns.kernel;
        if !whole && let Some(target) = self.bytes.get_mut(..self.len) {
            target.fill(op.input.zero_point() as i8);
        }
        // Neighbouring kernel columns read neighbouring cells unless dilated: one run a row.
        let (run_cells, run_count) = match (columns.dilation, column_end - column_first) {
            (1, cells) => (cells, usize::from(cells > 0)),
            (_, cells) => (1, cells),
        };
        for kernel_row in row_first..row_end {
            let y = first_y + (kernel_row - row_first) * rows.dilation;
            for run in 0..run_count {
                let from = (y * input.width + first_x + run * columns.dilation) * input.channels;
                let to = kernel_row * line + (column_first + run) * input.channels;
                let target = self.bytes.get_mut(to..).unwrap_or(&mut []);
                if let Some(target) = target.get_mut(..run_cells * input.channels) {
                    x.copy_to(from, target);
                }
            }
        }
    }
}
