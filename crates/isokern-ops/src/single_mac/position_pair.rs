//! Activations of two positions, brought together and widened on the stack.

use isokern_core::Cells;
use isokern_model::geometry::Axis;

use super::Pair;
use crate::passes::Pass;
use crate::windows::Windows;

/// Terms that a pass has at most.
pub(super) const TERMS: usize = 96;

/// Activations of two positions in the order of the weights they meet.
#[derive(Debug)]
pub(super) struct PositionPair<'a> {
    words: &'a mut [Pair; TERMS],
    zero_point: i32,
}

impl<'a> PositionPair<'a> {
    #[inline]
    pub(super) const fn new(words: &'a mut [Pair; TERMS], zero_point: i32) -> Self {
        Self { words, zero_point }
    }

    /// What was gathered for a pass.
    #[inline]
    pub(super) fn terms(&self, pass: &Pass) -> &[Pair] {
        self.words.get(..pass.len()).unwrap_or(&[])
    }

    /// Takes what the windows at two positions of the output have for a pass; padding is real zero.
    #[inline(never)] // A frame of its own.
    pub(super) fn gather(
        &mut self,
        windows: &Windows<'_>,
        x: Cells<'_>,
        positions: [usize; 2],
        pass: &Pass,
    ) {
        let input = windows.input;
        let (rows, columns) = (windows.window.rows(), windows.window.columns());
        let line = pass.terms.end - pass.terms.start;
        for (side, position) in positions.into_iter().enumerate() {
            let (row, column) = windows.place(position);
            let (row_first, row_end, first_y) = inside(rows, row, input.height);
            let (column_first, column_end, first_x) = inside(columns, column, input.width);
            let (run_cells, run_count) = columns.runs(column_end - column_first);
            let kernel_rows = row_first.max(pass.rows.start)..row_end.min(pass.rows.end);
            if kernel_rows.len() < pass.rows.len() || column_end - column_first < columns.kernel {
                self.clear(side, pass.len());
            }
            for kernel_row in kernel_rows {
                let y = first_y + (kernel_row - row_first) * rows.dilation;
                for run in 0..run_count {
                    let cell = y * input.width + first_x + run * columns.dilation;
                    let first = (column_first + run) * input.channels;
                    let end = (first + run_cells * input.channels).min(pass.terms.end);
                    let start = first.max(pass.terms.start);
                    let xs = x
                        .window(cell * input.channels + (start - first), end.saturating_sub(start));
                    let to = (kernel_row - pass.rows.start) * line + (start - pass.terms.start);
                    self.widen(side, to, xs);
                }
            }
        }
    }

    /// Starts one position with real zeros.
    #[inline]
    fn clear(&mut self, side: usize, len: usize) {
        for value in self.words.iter_mut().take(len).filter_map(|pair| pair.get_mut(side)) {
            *value = 0;
        }
    }

    /// Takes neighbouring activations of one position, from the term `to` on.
    #[inline]
    fn widen(&mut self, side: usize, to: usize, xs: Cells<'_>) {
        let pairs = self.words.get_mut(to..).unwrap_or(&mut []).iter_mut().zip(xs.as_slice());
        let zero_point = self.zero_point;
        if side == 0 {
            pairs.for_each(|([value, _], x)| *value = i32::from(x.get()) - zero_point);
        } else {
            pairs.for_each(|([_, value], x)| *value = i32::from(x.get()) - zero_point);
        }
    }
}

/// [`Axis::inside`], without its divisions where all of the kernel is inside.
#[inline]
pub(super) const fn inside(axis: Axis, position: usize, len: usize) -> (usize, usize, usize) {
    let start = position * axis.stride;
    if start >= axis.pad && start - axis.pad + axis.extent() <= len {
        return (0, axis.kernel, start - axis.pad);
    }
    axis.inside(position, len)
}
