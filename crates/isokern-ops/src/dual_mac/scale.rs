//! Multipliers and shifts, as a product of 32 by 32 bits wants them.

use core::cell::Cell;

use isokern_model::fixed::{clamp, high_mul, round_shift};
use isokern_model::requant::{Activation, Requant};

use super::DualMac;

/// The greatest magnitude of twice a shifted sum, and one more.
const SUM_END: u32 = 1 << 30;

/// The greatest magnitude of one product: an activation less its zero point times a weight.
const PRODUCT_MAX: usize = 255 * 128;

/// A multiplier with its shift, in the order in which they are used.
///
/// The high word of `value * 2^left * multiplier`, to nearest, is what
/// [`high_mul`] gives of the value shifted by one bit less, as long as the shifted value is in 32
/// bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Scale {
    /// The Q31 multiplier, not negative.
    pub multiplier: i32,
    /// Bits to the left before the product: 1, and those of a shift above zero.
    pub left: u32,
    /// Bits to the right after the product, at most 31, rounded with ties away from zero.
    pub right: u32,
}

impl Scale {
    /// Returns the scale of a multiplier and its shift.
    #[inline(always)]
    #[must_use]
    pub(super) const fn new(multiplier: i32, shift: i8) -> Self {
        let shift = shift as i32;
        let (left, right) = if shift > 0 { (shift, 0) } else { (0, -shift) };
        Self { multiplier, left: left.cast_unsigned() + 1, right: right.cast_unsigned() }
    }

    /// Returns the scale of one output.
    #[inline(always)]
    pub(super) fn of(requant: &Requant<'_>, output: usize) -> Self {
        let index = if requant.multiplier.len() == 1 { 0 } else { output };
        let multiplier = requant.multiplier.get(index).copied().unwrap_or(0);
        Self::new(multiplier, requant.shift.get(index).copied().unwrap_or(0))
    }

    /// Scales `value`, in plain code.
    #[inline(always)]
    pub(super) const fn apply(self, value: i32) -> i32 {
        let shifted = value.wrapping_shl(self.left.wrapping_sub(1));
        round_shift(high_mul(shifted, self.multiplier), self.right)
    }
}

/// Requantises a sum, which may lack [room](have_room).
#[inline(always)]
pub(super) fn requantised<D: DualMac>(
    sum: i32,
    scale: Scale,
    requant: &Requant<'_>,
    has_room: bool,
) -> i8 {
    if has_room {
        D::requantised(sum, scale, requant.zero_point)
    } else {
        D::requantised_wide(sum, scale, requant.zero_point)
    }
}

/// Returns whether every sum of `terms` products and a bias has room for its [`Scale`].
#[inline(never)] // Once in the code.
pub(super) fn have_room(requant: &Requant<'_>, terms: usize) -> bool {
    let Some(products) = terms.checked_mul(PRODUCT_MAX).and_then(|sum| u32::try_from(sum).ok())
    else {
        return false;
    };
    (0..).zip(requant.bias).all(|(output, bias)| {
        let Scale { multiplier, left, .. } = Scale::of(requant, output);
        // Whatever the sum of a dead channel, its product is zero.
        multiplier == 0 || bias.unsigned_abs().saturating_add(products) < (2 * SUM_END) >> left
    })
}

/// Moves stored values into a range that is not that of all values.
#[inline(never)] // Seldom called.
pub(super) fn limit(cells: &[Cell<i8>], activation: Activation) {
    for cell in cells {
        cell.set(clamp(cell.get().into(), activation.min, activation.max));
    }
}

/// Returns whether the range holds all values, so that no [`limit`] is needed.
#[inline]
pub(super) const fn is_whole(activation: Activation) -> bool {
    activation.min == i8::MIN && activation.max == i8::MAX
}
