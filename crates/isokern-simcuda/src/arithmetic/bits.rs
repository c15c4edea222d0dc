//! What operations on fields of bits do to one lane.

use super::lanes::Value;

/// A word or a long seen as bits.
pub(super) trait Field: Value {
    fn ones(self) -> u32;
    fn leading(self) -> u32;
    /// Returns the place of the highest one, or, in a negative value, of the highest zero; counted
    /// from the lowest bit or `from_top`. All ones when there is none.
    fn highest(self, signed: bool, from_top: bool) -> u32;
    /// Returns the `length` bits from `position` on. Bits above the field or past the value are
    /// copies of the field's highest bit, or of the value's, for `signed`; else zeros.
    fn extract(self, signed: bool, position: u32, length: u32) -> Self;
    /// Returns the value with `length` bits from `position` on replaced by the low bits of `field`.
    fn insert(self, field: Self, position: u32, length: u32) -> Self;
}

macro_rules! field {
    ($($ty:ty),*) => {$(
        impl Field for $ty {
            #[inline]
            fn ones(self) -> u32 {
                self.count_ones()
            }

            #[inline]
            fn leading(self) -> u32 {
                self.leading_zeros()
            }

            fn highest(self, signed: bool, from_top: bool) -> u32 {
                let negative = signed && self >> (Self::BITS - 1) == 1;
                let zeros = if negative { !self } else { self }.leading_zeros();
                match (zeros == Self::BITS, from_top) {
                    (true, _) => u32::MAX,
                    (false, true) => zeros,
                    (false, false) => Self::BITS - 1 - zeros,
                }
            }

            #[inline]
            fn extract(self, signed: bool, position: u32, length: u32) -> Self {
                let (position, length) = (position & 0xff, length & 0xff);
                let value = self.checked_shr(position).unwrap_or(0);
                let field = Self::MAX.checked_shl(length).map_or(Self::MAX, |above| !above);
                let last = (position + length).saturating_sub(1).min(Self::BITS - 1);
                let negative = signed && length != 0 && self >> last & 1 == 1;
                // Of the field, the bits that the value has.
                let there = Self::MAX.checked_shr(position).unwrap_or(0) & field;
                value & field | if negative { !there } else { 0 }
            }

            #[inline]
            fn insert(self, field: Self, position: u32, length: u32) -> Self {
                let (position, length) = (position & 0xff, length & 0xff);
                let low = Self::MAX.checked_shl(length).map_or(Self::MAX, |above| !above);
                let replaced = low.checked_shl(position).unwrap_or(0);
                self & !replaced | field.checked_shl(position).unwrap_or(0) & replaced
            }
        }
    )*};
}

field!(u32, u64);

/// Computes `fns`: the place of the `offset`-th one, counted upwards from `base` for a positive
/// offset and downwards for a negative one; for 0, `base` itself if that bit is set. All ones when
/// there is none.
pub(super) fn find_set(mask: u32, base: u32, offset: i32) -> u32 {
    let is_set = |place: &u32| mask >> place & 1 == 1;
    let nth = offset.unsigned_abs().saturating_sub(1) as usize;
    let found = match offset {
        _ if base > 31 => None,
        0 => Some(base).filter(is_set),
        1.. => (base..32).filter(is_set).nth(nth),
        _ => (0..=base).rev().filter(is_set).nth(nth),
    };
    found.unwrap_or(u32::MAX)
}

/// Computes `bmsk`: `width` ones from `position` on.
pub(super) fn mask(wrap: bool, position: u32, width: u32) -> u32 {
    if wrap {
        return low_ones(width & 31) << (position & 31);
    }
    low_ones(width).checked_shl(position).unwrap_or(0)
}

/// Computes `szext`: the low `width` bits, extended by zeros or by the highest of them.
pub(super) fn extend(wrap: bool, signed: bool, value: u32, width: u32) -> u32 {
    let width = if wrap { width & 31 } else { width };
    let kept = low_ones(width);
    let negative = signed && (1..32).contains(&width) && value >> (width - 1) & 1 == 1;
    value & kept | if negative { !kept } else { 0 }
}

fn low_ones(count: u32) -> u32 {
    u32::MAX.checked_shl(count).map_or(u32::MAX, |above| !above)
}
