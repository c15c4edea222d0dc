//! What the windows of a convolution share over all positions.

use isokern_core::Cells;
use isokern_model::geometry::{Axis, Window};
use isokern_model::tensor::Image;

use crate::passes::Pass;

/// The image that the windows of an output read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows<'a> {
    pub(crate) input: Image,
    pub(crate) window: &'a Window,
    /// Columns of the output.
    pub(crate) width: usize,
}

/// Takes what the window at one position has for a pass, in the order of the weights it meets.
pub(crate) trait Gathered {
    /// Starts with real zeros, which padding is.
    fn clear(&mut self, len: usize);
    /// Takes neighbouring activations, from the term `to` on.
    fn put(&mut self, to: usize, xs: Cells<'_>);
}

impl Windows<'_> {
    /// Returns row and column of a position of the output.
    #[inline]
    pub(crate) fn place(&self, position: usize) -> (usize, usize) {
        let width = self.width.max(1);
        let row = position / width;
        (row, position - row * width)
    }

    /// Gives `target` what the window at a position of the output has for a pass.
    #[inline(always)]
    pub(crate) fn gather(
        &self,
        x: Cells<'_>,
        position: usize,
        pass: &Pass,
        target: &mut impl Gathered,
    ) {
        let input = self.input;
        let (rows, columns) = (self.window.rows(), self.window.columns());
        let line = pass.terms.end - pass.terms.start;
        let (row, column) = self.place(position);
        let (row_first, row_end, first_y) = inside(rows, row, input.height);
        let (column_first, column_end, first_x) = inside(columns, column, input.width);
        let (run_cells, run_count) = columns.runs(column_end - column_first);
        let kernel_rows = row_first.max(pass.rows.start)..row_end.min(pass.rows.end);
        if kernel_rows.len() < pass.rows.len() || column_end - column_first < columns.kernel {
            target.clear(pass.len());
        }
        for kernel_row in kernel_rows {
            let y = first_y + (kernel_row - row_first) * rows.dilation;
            for run in 0..run_count {
                let cell = y * input.width + first_x + run * columns.dilation;
                let first = (column_first + run) * input.channels;
                let end = (first + run_cells * input.channels).min(pass.terms.end);
                let start = first.max(pass.terms.start);
                let xs =
                    x.window(cell * input.channels + (start - first), end.saturating_sub(start));
                let to = (kernel_row - pass.rows.start) * line + (start - pass.terms.start);
                target.put(to, xs);
            }
        }
    }
}

/// Returns [`Axis::inside`] without its divisions where all of the kernel is inside.
#[inline]
const fn inside(axis: Axis, position: usize, len: usize) -> (usize, usize, usize) {
    let start = position * axis.stride;
    if start >= axis.pad && start - axis.pad + axis.extent() <= len {
        return (0, axis.kernel, start - axis.pad);
    }
    axis.inside(position, len)
}
