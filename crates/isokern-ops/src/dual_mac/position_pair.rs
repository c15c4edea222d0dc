//! Activations of two positions, brought together and widened on the stack.

use isokern_core::Cells;

use super::{DualMac, PairHalves, both};
use crate::passes::Pass;
use crate::windows::Windows;

/// Groups of four activations that a pass has at most, of each of two positions.
pub(super) const GROUPS: usize = 48;

/// Terms that a pass has at most.
pub(super) const PASS_TERMS: usize = 4 * GROUPS;

/// Activations of two positions in the order of the weights they meet, less their zero point, as
/// [`PairHalves`] of four; the last group is filled with zeros.
#[derive(Debug)]
pub(super) struct PositionPair<'a> {
    /// While single bytes come in, they are in the upper half of the groups in use.
    words: &'a mut [PairHalves; GROUPS],
    zero_point: i32,
}

impl<'a> PositionPair<'a> {
    #[inline]
    pub(super) const fn new(words: &'a mut [PairHalves; GROUPS], zero_point: i32) -> Self {
        Self { words, zero_point }
    }

    /// Returns the groups that were gathered for a pass.
    #[inline]
    pub(super) fn groups(&self, pass: &Pass) -> &[PairHalves] {
        self.words.get(..pass.len().div_ceil(4)).unwrap_or(&[])
    }

    /// Takes what the windows at two output positions have for a pass; padding is real zero.
    #[inline(never)] // A stack frame of its own.
    pub(super) fn gather<D: DualMac>(
        &mut self,
        windows: &Windows<'_>,
        x: Cells<'_>,
        positions: [usize; 2],
        pass: &Pass,
    ) {
        let input = windows.input;
        let groups = pass.len().div_ceil(4).min(GROUPS);
        let in_groups = input.channels.is_multiple_of(4);
        let (rows, columns) = (windows.window.rows(), windows.window.columns());
        let line = pass.terms.end - pass.terms.start;
        if !in_groups {
            self.fill_bytes(groups);
        }
        for (side, position) in positions.into_iter().enumerate() {
            let (row, column) = windows.place(position);
            let (row_first, row_end, first_y) = rows.inside(row, input.height);
            let (column_first, column_end, first_x) = columns.inside(column, input.width);
            let (run_cells, run_count) = columns.runs(column_end - column_first);
            let inside = row_first.max(pass.rows.start)..row_end.min(pass.rows.end);
            let is_inside =
                inside.len() == pass.rows.len() && column_end - column_first == columns.kernel;
            if in_groups && !is_inside {
                self.clear(side, groups);
            }
            for kernel_row in inside {
                let y = first_y + (kernel_row - row_first) * rows.dilation;
                for run in 0..run_count {
                    let cell = y * input.width + first_x + run * columns.dilation;
                    let first = (column_first + run) * input.channels;
                    let end = (first + run_cells * input.channels).min(pass.terms.end);
                    let start = first.max(pass.terms.start);
                    let xs = x
                        .window(cell * input.channels + (start - first), end.saturating_sub(start));
                    let to = (kernel_row - pass.rows.start) * line + (start - pass.terms.start);
                    if in_groups {
                        self.widen_from::<D>(xs, side, to / 4);
                    } else {
                        self.put_bytes(xs, side, groups, to);
                    }
                }
            }
        }
        if !in_groups {
            self.widen::<D>(groups);
        }
    }

    /// Starts one position with real zeros, as halves.
    #[inline]
    fn clear(&mut self, side: usize, groups: usize) {
        for group in self.words.iter_mut().take(groups) {
            if let Some(halves) = group.as_chunks_mut::<2>().0.get_mut(side) {
                *halves = [0; 2];
            }
        }
    }

    /// Turns whole groups of cells into halves, without bytes in between.
    #[inline]
    fn widen_from<D: DualMac>(&mut self, xs: Cells<'_>, side: usize, first_group: usize) {
        let halves = self.words.as_flattened_mut().as_chunks_mut::<2>().0;
        if let Some(halves) = halves.get_mut(2 * first_group + side..) {
            D::widen::<2>(xs.as_slice(), both(-self.zero_point), halves);
        }
    }

    /// Starts with real zeros, as bytes: a word for each position in turn.
    #[inline]
    fn fill_bytes(&mut self, groups: usize) {
        let [byte, ..] = self.zero_point.to_le_bytes();
        let words = self.words.as_flattened_mut();
        if let Some(words) = words.get_mut(2 * groups..4 * groups) {
            words.fill(u32::from_le_bytes([byte; 4]));
        }
    }

    /// Puts cells among the bytes of one position.
    #[inline]
    fn put_bytes(&mut self, xs: Cells<'_>, side: usize, groups: usize, start: usize) {
        let bytes: &mut [i8] = bytemuck::must_cast_slice_mut(self.words);
        let bytes = bytes.get_mut(8 * groups + 4 * side..).unwrap_or(&mut []);
        for (index, x) in (start..).zip(xs.as_slice()) {
            if let Some(byte) = bytes.get_mut(2 * index - index % 4) {
                *byte = x.get();
            }
        }
    }

    /// Turns bytes into halves, from the front: a group is read before it is reached.
    #[inline]
    fn widen<D: DualMac>(&mut self, groups: usize) {
        let offsets = both(-self.zero_point);
        for group in 0..groups {
            let words = self.words.as_flattened_mut().as_chunks_mut::<2>().0;
            let Some(&[first, second]) = words.get(groups + group) else { return };
            if let Some(target) = self.words.get_mut(group) {
                *target = [
                    D::widen_even_by(offsets, first),
                    D::widen_odd_by(offsets, first),
                    D::widen_even_by(offsets, second),
                    D::widen_odd_by(offsets, second),
                ];
            }
        }
    }
}
