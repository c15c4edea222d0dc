//! What float operations do to one lane.

use core::cmp::Ordering;

use rustc_apfloat::Float as _;
use rustc_apfloat::ieee::{Double, Single};

use super::lanes::Value;
use super::rounding::Rounding;

/// A float type of PTX.
pub(super) trait Float: Value {
    const ONE: Self;
    /// The NaN of results.
    const NAN: Self;
    fn add(self, other: Self, to: Rounding) -> Self;
    fn multiply(self, other: Self, to: Rounding) -> Self;
    fn divide(self, other: Self, to: Rounding) -> Self;
    /// Returns `self * other + addend`, rounded once.
    fn multiply_add(self, other: Self, addend: Self, to: Rounding) -> Self;
    fn square_root(self, to: Rounding) -> Self;
    fn absolute(self) -> Self;
    fn negate(self) -> Self;
    fn with_sign_of(self, other: Self) -> Self;
    fn is_negative(self) -> bool;
    fn is_nan(self) -> bool;
    fn total_order(self, other: Self) -> Ordering;
    /// Returns zero of the same sign for a subnormal value.
    fn flush(self) -> Self;
    /// Returns [`NAN`](Self::NAN) for any NaN.
    fn canonical(self) -> Self;
    /// Returns the value held within 0 and 1; plus zero for minus zero and NaN.
    fn saturate(self) -> Self;
    /// Returns the value rounded to an integer.
    fn integral(self, to: Rounding) -> Self;
    /// Returns an integer as a float.
    fn from_integer(value: i128, to: Rounding) -> Self;
}

macro_rules! float {
    ($($ty:ident, $bits:ty, $exact:ident, $nan:expr, $square:ident, $fused:expr;)*) => {$(
        impl Float for $ty {
            const ONE: Self = 1.0;
            const NAN: Self = Self::from_bits($nan);

            #[inline]
            fn add(self, other: Self, to: Rounding) -> Self {
                if to == Rounding::Nearest {
                    return self + other;
                }
                precise::$ty(precise::$exact(self).add_r(precise::$exact(other), to.into()).value)
            }

            #[inline]
            fn multiply(self, other: Self, to: Rounding) -> Self {
                if to == Rounding::Nearest {
                    return self * other;
                }
                precise::$ty(precise::$exact(self).mul_r(precise::$exact(other), to.into()).value)
            }

            #[inline]
            fn divide(self, other: Self, to: Rounding) -> Self {
                if to == Rounding::Nearest {
                    return self / other;
                }
                precise::$ty(precise::$exact(self).div_r(precise::$exact(other), to.into()).value)
            }

            #[inline]
            fn multiply_add(self, other: Self, addend: Self, to: Rounding) -> Self {
                if to == Rounding::Nearest {
                    return $fused(self, other, addend);
                }
                let (a, b) = (precise::$exact(self), precise::$exact(other));
                precise::$ty(a.mul_add_r(b, precise::$exact(addend), to.into()).value)
            }

            /// Returns the root to the nearest is at most one step beside the wanted one.
            fn square_root(self, to: Rounding) -> Self {
                let root = self.sqrt();
                if to == Rounding::Nearest || root == 0.0 || !root.is_finite() {
                    return root;
                }
                match ($square(root, self), to) {
                    (Ordering::Greater, Rounding::Zero | Rounding::Down) => root.next_down(),
                    (Ordering::Less, Rounding::Up) => root.next_up(),
                    _ => root,
                }
            }

            #[inline]
            fn absolute(self) -> Self {
                self.abs()
            }

            #[inline]
            fn negate(self) -> Self {
                -self
            }

            #[inline]
            fn with_sign_of(self, other: Self) -> Self {
                self.copysign(other)
            }

            #[inline]
            fn is_negative(self) -> bool {
                self.is_sign_negative()
            }

            #[inline]
            fn is_nan(self) -> bool {
                self.is_nan()
            }

            #[inline]
            fn total_order(self, other: Self) -> Ordering {
                self.total_cmp(&other)
            }

            #[inline]
            fn flush(self) -> Self {
                if self.abs() < Self::MIN_POSITIVE { Self::copysign(0.0, self) } else { self }
            }

            #[inline]
            fn canonical(self) -> Self {
                if self.is_nan() { <Self as Float>::NAN } else { self }
            }

            #[inline]
            fn saturate(self) -> Self {
                if self > 0.0 { if self < 1.0 { self } else { 1.0 } } else { 0.0 }
            }

            #[inline]
            fn integral(self, to: Rounding) -> Self {
                match to {
                    Rounding::Nearest => self.round_ties_even(),
                    Rounding::Zero => self.trunc(),
                    Rounding::Down => self.floor(),
                    Rounding::Up => self.ceil(),
                }
            }

            fn from_integer(value: i128, to: Rounding) -> Self {
                precise::$ty($exact::from_i128_r(value, to.into()).value)
            }
        }
    )*};
}

float! {
    f32, u32, Single, 0x7fff_ffff, square_of_single, fused_single;
    f64, u64, Double, 0xfff8_0000_0000_0000, square_of_double, f64::mul_add;
}

/// Returns `a * b + c`, rounded once, without the call of a function that processors without such
/// an instruction need.
///
/// The product is exact in double precision. The sum is rounded to odd there: where it is not
/// exact, the one of its two neighbours with an odd last bit is taken, so that the second rounding
/// sees on which side of a tie it is (Boldo and Melquiond, *Emulation of a FMA and correctly
/// rounded sums: proved algorithms using rounding to odd*, 2008).
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "rounded to the nearest")]
fn fused_single(a: f32, b: f32, c: f32) -> f32 {
    let (product, addend) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + addend;
    let added = sum - product;
    let error = (product - (sum - added)) + (addend - added);
    let bits = sum.to_bits();
    let outwards = (error > 0.0) == (sum > 0.0);
    let neighbour = if outwards { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    // The error of an infinite sum is NaN, which is neither.
    let inexact = error.abs() > 0.0;
    let odd = if inexact && bits & 1 == 0 { neighbour } else { bits };
    f64::from_bits(odd) as f32
}

/// Returns how the square of a root compares with a value: it is exact in double precision.
fn square_of_single(root: f32, value: f32) -> Ordering {
    let root = f64::from(root);
    (root * root).total_cmp(&f64::from(value))
}

/// Returns how the square of a root compares with a value: the sign of their difference, which is
/// rounded once. Small values are scaled up, by a square, so that the difference does not
/// underflow.
fn square_of_double(root: f64, value: f64) -> Ordering {
    let half = 2.0_f64.powi(300);
    let (root, value) =
        if value < 1.0 { (root * half, value * half * half) } else { (root, value) };
    root.mul_add(root, -value).total_cmp(&0.0)
}

/// Between floats of Rust and of `rustc_apfloat`.
#[expect(clippy::cast_possible_truncation, reason = "the upper bits of these formats are zeros")]
#[expect(non_snake_case, reason = "named as the types they give")]
mod precise {
    use super::{Double, Single};
    use rustc_apfloat::Float as _;

    pub(super) fn Single(value: f32) -> Single {
        Single::from_bits(value.to_bits().into())
    }

    pub(super) fn Double(value: f64) -> Double {
        Double::from_bits(value.to_bits().into())
    }

    pub(super) fn f32(value: Single) -> f32 {
        f32::from_bits(value.to_bits() as u32)
    }

    pub(super) fn f64(value: Double) -> f64 {
        f64::from_bits(value.to_bits() as u64)
    }
}
