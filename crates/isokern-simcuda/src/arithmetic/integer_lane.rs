//! What integer operations do to one lane.

use super::lanes::Value;

/// An integer type of PTX. Arithmetic wraps.
pub(super) trait Integer: Value + Ord {
    const ZERO: Self;
    fn add(self, other: Self) -> Self;
    fn add_saturating(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn sub_saturating(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// Returns the upper half of the product.
    fn mul_high(self, other: Self) -> Self;
    /// Returns the quotient, rounded to zero; all ones for a divisor of zero.
    fn divide(self, other: Self) -> Self;
    /// Returns what [`divide`](Self::divide) leaves; all ones for a divisor of zero.
    fn remainder(self, other: Self) -> Self;
    /// Returns the absolute value; that of the smallest value is itself.
    fn absolute(self) -> Self;
}

/// An integer type for which products of twice the size exist.
pub(super) trait Narrow: Integer {
    type Wide: Integer;
    fn widen(self) -> Self::Wide;
    /// Returns the value of the low 24 bits.
    fn low24(self) -> i64;
    /// Returns the low bits of an integer.
    fn low(value: i64) -> Self;
}

/// Returns the product of the low 24 bits of two values: 48 bits.
#[inline]
pub(super) fn product24<T: Narrow>(a: T, b: T) -> i64 {
    a.low24() * b.low24()
}

macro_rules! integer {
    ($($ty:ty, $double:ty, $all_ones:expr, $absolute:expr;)*) => {$(
        impl Integer for $ty {
            const ZERO: Self = 0;

            #[inline]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline]
            fn add_saturating(self, other: Self) -> Self {
                self.saturating_add(other)
            }

            #[inline]
            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline]
            fn sub_saturating(self, other: Self) -> Self {
                self.saturating_sub(other)
            }

            #[inline]
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            #[inline]
            fn mul_high(self, other: Self) -> Self {
                (<$double>::from(self) * <$double>::from(other) >> Self::BITS) as Self
            }

            #[inline]
            fn divide(self, other: Self) -> Self {
                if other == 0 { $all_ones } else { self.wrapping_div(other) }
            }

            #[inline]
            fn remainder(self, other: Self) -> Self {
                if other == 0 { $all_ones } else { self.wrapping_rem(other) }
            }

            #[inline]
            fn absolute(self) -> Self {
                let absolute: fn($ty) -> $ty = $absolute;
                absolute(self)
            }
        }
    )*};
}

integer! {
    u16, u32, Self::MAX, |a| a;
    i16, i32, -1, Self::wrapping_abs;
    u32, u64, Self::MAX, |a| a;
    i32, i64, -1, Self::wrapping_abs;
    u64, u128, Self::MAX, |a| a;
    i64, i128, -1, Self::wrapping_abs;
}

macro_rules! narrow {
    ($($ty:ty, $wide:ty, $low24:expr;)*) => {$(
        impl Narrow for $ty {
            type Wide = $wide;

            #[inline]
            fn widen(self) -> $wide {
                self.into()
            }

            #[inline]
            fn low24(self) -> i64 {
                let low24: fn($ty) -> i64 = $low24;
                low24(self)
            }

            #[inline]
            fn low(value: i64) -> Self {
                value as Self
            }
        }
    )*};
}

narrow! {
    u16, u32, i64::from;
    i16, i32, i64::from;
    u32, u64, |a| i64::from(a & 0xff_ffff);
    i32, i64, |a| i64::from(a << 8 >> 8);
}
