//! Neighbouring activations, widened on the stack.

use isokern_core::Cells;

use super::{DualMac, Halves, both};
use crate::depthwise::word;

/// Activations a patch holds; widened they take twice the bytes.
pub(super) const PATCH_TERMS: usize = 384;

/// Activations in the order of the weights they meet, less their zero point, as
/// [`Halves`] of four; the last group is filled with zeros.
pub(super) struct Patch {
    groups: [Halves; PATCH_TERMS / 4],
    zero_point: i32,
}

impl Patch {
    #[inline]
    pub(super) const fn new(zero_point: i32) -> Self {
        Self { groups: [[0; 2]; PATCH_TERMS / 4], zero_point }
    }

    /// Takes at most [`PATCH_TERMS`] neighbouring activations.
    #[inline]
    pub(super) fn widen<D: DualMac>(&mut self, xs: Cells<'_>) -> &[Halves] {
        let (whole, rest) = xs.as_slice().as_chunks::<4>();
        let offsets = both(-self.zero_point);
        D::widen::<1>(xs.as_slice(), offsets, &mut self.groups);
        if let (Some(target), false) = (self.groups.get_mut(whole.len()), rest.is_empty()) {
            // What is left in the group is real zero.
            let mut values = [self.zero_point as i8; 4];
            for (value, cell) in values.iter_mut().zip(rest) {
                *value = cell.get();
            }
            let word = word(values);
            *target = [D::widen_even_by(offsets, word), D::widen_odd_by(offsets, word)];
        }
        self.groups.get(..whole.len() + usize::from(!rest.is_empty())).unwrap_or(&[])
    }
}
