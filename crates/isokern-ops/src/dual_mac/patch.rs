//! Activations of one position, brought together and widened on the stack.

use core::ops::Range;

use isokern_core::Cells;
use isokern_model::geometry::Window;
use isokern_model::tensor::Image;

use super::dots::word;
use super::{DualMac, Halves, both};

/// Activations a patch holds; widened they take twice the bytes.
pub(super) const PATCH_TERMS: usize = 384;

/// Activations in the order of the weights they meet, less their zero point, as
/// [`Halves`] of four; the last group is filled with zeros.
pub(super) struct Patch {
    /// While single bytes come in they lie in the upper half of the words in use.
    words: [u32; PATCH_TERMS / 2],
    groups: usize,
    zero_point: i32,
}

impl Patch {
    #[inline]
    pub(super) const fn new(zero_point: i32) -> Self {
        Self { words: [0; PATCH_TERMS / 2], groups: 0, zero_point }
    }

    /// The activations.
    #[inline]
    pub(super) fn groups(&self) -> &[Halves] {
        self.words.as_chunks().0.get(..self.groups).unwrap_or(&[])
    }

    /// Takes at most [`PATCH_TERMS`] neighbouring activations.
    #[inline]
    pub(super) fn copy<D: DualMac>(&mut self, x: Cells<'_>, start: usize, len: usize) {
        self.clear_bytes(len);
        x.copy_to(start, self.bytes(0, len));
        self.widen::<D>();
    }

    /// Takes kernel rows of the window at an output position, at most [`PATCH_TERMS`]
    /// activations; padding is real zero.
    #[inline]
    pub(super) fn gather<D: DualMac>(
        &mut self,
        (input, window): (Image, &Window),
        x: Cells<'_>,
        (row, column): (usize, usize),
        kernel_rows: Range<usize>,
    ) {
        let (rows, columns) = (window.rows(), window.columns());
        let (row_first, row_end, first_y) = rows.inside(row, input.height);
        let (column_first, column_end, first_x) = columns.inside(column, input.width);
        let line = columns.kernel * input.channels;
        let in_groups = input.channels.is_multiple_of(4);
        if in_groups {
            self.clear(kernel_rows.len() * line);
        } else {
            self.clear_bytes(kernel_rows.len() * line);
        }
        let (run_cells, run_count) = columns.runs(column_end - column_first);
        let inside = row_first.max(kernel_rows.start)..row_end.min(kernel_rows.end);
        for kernel_row in inside {
            let y = first_y + (kernel_row - row_first) * rows.dilation;
            for run in 0..run_count {
                let from = (y * input.width + first_x + run * columns.dilation) * input.channels;
                let to =
                    (kernel_row - kernel_rows.start) * line + (column_first + run) * input.channels;
                let xs = x.window(from, run_cells * input.channels);
                if in_groups {
                    self.widen_from::<D>(xs, to / 4);
                } else {
                    xs.copy_to(0, self.bytes(to, xs.len()));
                }
            }
        }
        if !in_groups {
            self.widen::<D>();
        }
    }

    /// Starts with `terms` activations of real zero, as halves.
    #[inline]
    fn clear(&mut self, terms: usize) {
        self.groups = terms.div_ceil(4);
        if let Some(words) = self.words.get_mut(..2 * self.groups) {
            words.fill(0);
        }
    }

    /// Starts with `terms` activations of real zero, as bytes.
    #[inline]
    fn clear_bytes(&mut self, terms: usize) {
        self.groups = terms.div_ceil(4);
        let [byte, ..] = self.zero_point.to_le_bytes();
        if let Some(words) = self.words.get_mut(self.groups..2 * self.groups) {
            words.fill(u32::from_le_bytes([byte; 4]));
        }
    }

    /// A stretch of the bytes.
    #[inline]
    fn bytes(&mut self, start: usize, len: usize) -> &mut [i8] {
        let start = self.groups * 4 + start;
        let bytes: &mut [i8] = bytemuck::must_cast_slice_mut(&mut self.words);
        bytes.get_mut(start..).and_then(|tail| tail.get_mut(..len)).unwrap_or(&mut [])
    }

    /// Turns bytes into halves, from the front: a group is read before it is reached.
    #[inline]
    fn widen<D: DualMac>(&mut self) {
        let offsets = both(-self.zero_point);
        for group in 0..self.groups {
            let Some(&word) = self.words.get(self.groups + group) else { return };
            if let Some(target) = self.words.as_chunks_mut().0.get_mut(group) {
                *target = [D::widen_even_by(offsets, word), D::widen_odd_by(offsets, word)];
            }
        }
    }

    /// Turns whole groups of cells into halves, without bytes in between.
    #[inline]
    fn widen_from<D: DualMac>(&mut self, xs: Cells<'_>, first_group: usize) {
        let offsets = both(-self.zero_point);
        let groups = self.words.as_chunks_mut().0.get_mut(first_group..).unwrap_or(&mut []);
        for (target, cells) in groups.iter_mut().zip(xs.as_slice().as_chunks().0) {
            let word = word(Cells::values(cells));
            *target = [D::widen_even_by(offsets, word), D::widen_odd_by(offsets, word)];
        }
    }
}
