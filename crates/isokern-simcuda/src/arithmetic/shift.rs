//! Shifts. An amount of the width or more shifts everything out.

use core::ops::{BitAnd, BitOr, BitXor, Not};

use super::lanes::{One, Source, Two, Value, Warp};

/// A direction, and what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    Left,
    /// Zeros come in.
    Right,
    /// Copies of the sign come in.
    RightSigned,
}

/// An untyped value of 16, 32 or 64 bits.
pub(super) trait Word:
    Value
    + Eq
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
{
    const ZERO: Self;
    const ONE: Self;
    fn left(self, amount: u32) -> Self;
    fn right(self, amount: u32) -> Self;
    fn right_signed(self, amount: u32) -> Self;
}

impl Shift {
    /// Shifts `a` by the 32-bit amount `b`. A constant amount is the same in all lanes, which
    /// makes vector shifts of the loop.
    #[inline]
    pub(super) fn execute<T: Word>(self, warp: &mut Warp<'_>, at: Two) {
        match (self, at.b) {
            (Self::Left, Source::Constant([amount, _])) => {
                warp.map1(first(at), |a: T| a.left(amount));
            }
            (Self::Right, Source::Constant([amount, _])) => {
                warp.map1(first(at), |a: T| a.right(amount));
            }
            (Self::RightSigned, Source::Constant([amount, _])) => {
                warp.map1(first(at), |a: T| a.right_signed(amount));
            }
            (Self::Left, Source::Register(_)) => warp.map2(at, T::left),
            (Self::Right, Source::Register(_)) => warp.map2(at, T::right),
            (Self::RightSigned, Source::Register(_)) => warp.map2(at, T::right_signed),
        }
    }
}

/// Computes `shf`: the upper half of `{b, a}` shifted left, or the lower half of it shifted right.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "one half is asked for")]
pub(super) fn funnel(left: bool, wrap: bool, a: u32, b: u32, amount: u32) -> u32 {
    let amount = if wrap { amount & 31 } else { amount.min(32) };
    let both = u64::from(b) << 32 | u64::from(a);
    if left { (both << amount >> 32) as u32 } else { (both >> amount) as u32 }
}

#[inline]
fn first(at: Two) -> One {
    One { target: at.target, a: at.a }
}

macro_rules! word {
    ($($ty:ty),*) => {$(
        impl Word for $ty {
            const ZERO: Self = 0;
            const ONE: Self = 1;

            #[inline]
            fn left(self, amount: u32) -> Self {
                if amount < Self::BITS { self << (amount % Self::BITS) } else { 0 }
            }

            #[inline]
            fn right(self, amount: u32) -> Self {
                if amount < Self::BITS { self >> (amount % Self::BITS) } else { 0 }
            }

            #[inline]
            fn right_signed(self, amount: u32) -> Self {
                (self.cast_signed() >> amount.min(Self::BITS - 1)).cast_unsigned()
            }
        }
    )*};
}

word!(u16, u32, u64);
