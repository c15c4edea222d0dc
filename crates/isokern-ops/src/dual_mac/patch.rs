//! The activations of one position, brought together and widened on the stack.

use isokern_core::Cells;
use isokern_model::op::Conv2d;

use super::dots::word;
use super::{DualMac, Halves, both};

/// Activations a patch holds: the longest window of the reference models. Widened
/// they take twice the bytes.
pub(super) const PATCH_TERMS: usize = 640;

/// The activations that meet one output's weights, in the order of the row layout,
/// less their zero point, as [`Halves`] of four; the last group is filled with zeros.
pub(super) struct Patch {
    /// While bytes come in they lie in the upper half of the words in use.
    words: [u32; PATCH_TERMS / 2],
    terms: usize,
    zero_point: i32,
}

impl Patch {
    /// A patch of `terms` activations, at most [`PATCH_TERMS`].
    #[inline]
    pub(super) const fn new(terms: usize, zero_point: i32) -> Self {
        Self { words: [0; PATCH_TERMS / 2], terms, zero_point }
    }

    /// The activations.
    #[inline]
    pub(super) fn groups(&self) -> &[Halves] {
        let groups = self.words.as_chunks().0;
        groups.get(..self.terms.div_ceil(4)).unwrap_or(groups)
    }

    /// Takes neighbouring activations.
    #[inline]
    pub(super) fn copy<D: DualMac>(&mut self, x: Cells<'_>, start: usize) {
        self.clear();
        x.copy_to(start, self.bytes(0, self.terms));
        self.widen::<D>();
    }

    /// Takes the window of an output position; padding becomes the zero point.
    #[inline]
    pub(super) fn gather<D: DualMac>(
        &mut self,
        op: &Conv2d<'_>,
        x: Cells<'_>,
        (row, column): (usize, usize),
    ) {
        let input = op.input.image();
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let (row_first, row_end, first_y) = rows.inside(row, input.height);
        let (column_first, column_end, first_x) = columns.inside(column, input.width);
        let line = columns.kernel * input.channels;
        if input.channels.is_multiple_of(4) {
            self.gather_groups::<D>(op, x, (row, column));
            return;
        }
        self.clear();
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
                x.copy_to(from, self.bytes(to, run_cells * input.channels));
            }
        }
        self.widen::<D>();
    }

    /// [`gather`](Self::gather) where each cell is whole groups: no bytes in between.
    #[inline]
    fn gather_groups<D: DualMac>(
        &mut self,
        op: &Conv2d<'_>,
        x: Cells<'_>,
        (row, column): (usize, usize),
    ) {
        let input = op.input.image();
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let (row_first, row_end, first_y) = rows.inside(row, input.height);
        let (column_first, column_end, first_x) = columns.inside(column, input.width);
        let cell_groups = input.channels / 4;
        let offsets = both(-self.zero_point);
        let (groups, _) = self.words.as_chunks_mut::<2>();
        if (row_end - row_first, column_end - column_first) != (rows.kernel, columns.kernel) {
            groups.fill([0; 2]);
        }
        let (run_cells, run_count) = match (columns.dilation, column_end - column_first) {
            (1, cells) => (cells, usize::from(cells > 0)),
            (_, cells) => (1, cells),
        };
        for kernel_row in row_first..row_end {
            let y = first_y + (kernel_row - row_first) * rows.dilation;
            for run in 0..run_count {
                let from = (y * input.width + first_x + run * columns.dilation) * input.channels;
                let to = (kernel_row * columns.kernel + column_first + run) * cell_groups;
                let xs = x.window(from, run_cells * input.channels).as_slice();
                let targets = groups.get_mut(to..).unwrap_or(&mut []);
                for (target, cells) in targets.iter_mut().zip(xs.as_chunks().0) {
                    let word = word(Cells::values(cells));
                    *target = [D::widen_even_by(offsets, word), D::widen_odd_by(offsets, word)];
                }
            }
        }
    }

    /// Fills the bytes with the zero point.
    #[inline]
    fn clear(&mut self) {
        let groups = self.terms.div_ceil(4);
        let [byte, ..] = self.zero_point.to_le_bytes();
        if let Some(words) = self.words.get_mut(groups..2 * groups) {
            words.fill(u32::from_le_bytes([byte; 4]));
        }
    }

    /// A stretch of the bytes.
    #[inline]
    fn bytes(&mut self, start: usize, len: usize) -> &mut [i8] {
        let start = self.terms.div_ceil(4) * 4 + start;
        let bytes: &mut [i8] = bytemuck::must_cast_slice_mut(&mut self.words);
        bytes.get_mut(start..).and_then(|tail| tail.get_mut(..len)).unwrap_or(&mut [])
    }

    /// Turns bytes into halves, from the front: a group is read before it is reached.
    #[inline]
    fn widen<D: DualMac>(&mut self) {
        let offsets = both(-self.zero_point);
        let groups = self.terms.div_ceil(4);
        for group in 0..groups {
            let Some(&word) = self.words.get(groups + group) else { return };
            if let Some(target) = self.words.as_chunks_mut().0.get_mut(group) {
                *target = [D::widen_even_by(offsets, word), D::widen_odd_by(offsets, word)];
            }
        }
    }
}
