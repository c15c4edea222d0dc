//! Multipliers and shifts, as a product of 32 by 32 bits wants them.

pub(crate) mod add;

use core::cell::Cell;

use isokern_model::fixed::{clamp, high_mul, round_shift};
use isokern_model::requant::{Activation, Requant};

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
    pub(crate) const fn new(multiplier: i32, shift: i8) -> Self {
        let shift = shift as i32;
        let (left, right) = if shift > 0 { (shift, 0) } else { (0, -shift) };
        Self { multiplier, left: left.cast_unsigned() + 1, right: right.cast_unsigned() }
    }

    /// Returns the scale of one output.
    #[inline(always)]
    pub(crate) fn of(requant: &Requant<'_>, output: usize) -> Self {
        let index = if requant.multiplier.len() == 1 { 0 } else { output };
        let multiplier = requant.multiplier.get(index).copied().unwrap_or(0);
        Self::new(multiplier, requant.shift.get(index).copied().unwrap_or(0))
    }

    /// Scales `value`, in plain code.
    #[inline(always)]
    pub(crate) const fn apply(self, value: i32) -> i32 {
        let shifted = value.wrapping_shl(self.left.wrapping_sub(1));
        round_shift(high_mul(shifted, self.multiplier), self.right)
    }

    /// Returns [`round_shift`] of a product whose magnitude is below `2^30`, by `right` bits: the
    /// nudge of half a step, one less below zero, stays in 32 bits.
    #[inline(always)]
    pub(crate) const fn finish(self, product: i32) -> i32 {
        let half = (1_u32.wrapping_shl(self.right) >> 1).cast_signed();
        let has_ties = (self.right != 0) as i32;
        let below = product.cast_unsigned().wrapping_shr(31).cast_signed() & has_ties;
        product.wrapping_add(half).wrapping_sub(below).wrapping_shr(self.right)
    }

    /// Works as [`finish`](Self::finish), for processors that put the outcome of a comparison into
    /// a register.
    #[inline(always)]
    pub(crate) const fn finish_by_comparison(self, product: i32) -> i32 {
        let half = (1_u32.wrapping_shl(self.right) >> 1).cast_signed();
        // No value is below it where there are no ties.
        let bound = ((self.right == 0) as i32) << 31;
        let below = (product < bound) as i32;
        product.wrapping_add(half).wrapping_sub(below).wrapping_shr(self.right)
    }
}

/// Scales values by products of 32 by 32 bits, with the instructions of a processor.
pub trait Rescale {
    /// Scales `value`, rounded in two steps; `value * 2^scale.left` is in 32 bits.
    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        scale.apply(value)
    }

    /// Returns [`scaled`](Self::scaled) plus `zero_point`, held in -128 to 127. The zero point is
    /// that of an `i8`.
    #[inline(always)]
    fn requantised(value: i32, scale: Scale, zero_point: i32) -> i8 {
        scale.apply(value).saturating_add(zero_point).clamp(i8::MIN.into(), i8::MAX.into()) as i8
    }

    /// Returns [`requantised`](Self::requantised) of any value: where a shift to the left goes out
    /// of 32 bits, it wraps.
    #[inline(always)]
    fn requantised_wide(value: i32, scale: Scale, zero_point: i32) -> i8 {
        scale.apply(value).saturating_add(zero_point).clamp(i8::MIN.into(), i8::MAX.into()) as i8
    }
}

/// Requantises a sum, which may lack [room](have_room).
#[inline(always)]
pub(crate) fn requantised<D: Rescale>(
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
pub(crate) fn have_room(requant: &Requant<'_>, terms: usize) -> bool {
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
pub(crate) fn limit(cells: &[Cell<i8>], activation: Activation) {
    for cell in cells {
        cell.set(clamp(cell.get().into(), activation.min, activation.max));
    }
}

/// Returns whether the range holds all values, so that no [`limit`] is needed.
#[inline]
pub(crate) const fn is_whole(activation: Activation) -> bool {
    activation.min == i8::MIN && activation.max == i8::MAX
}
