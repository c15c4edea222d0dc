//! The functions of two values: their types, scales and arithmetic.

use isokern_core::DType;

use crate::fixed::{clamp, high_mul, round_shift};
use crate::requant::{Activation, PairScales};

isokern_core::numbered! {
    /// What a [`Binary`](super::binary::Binary) computes of two values.
    ///
    /// The first six take and give `i8`, the comparisons give `bool`, the logical ones take and
    /// give `bool`. `docs/numerics.md` has the formulas.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum BinaryOperation: u8, code, from_code {
        /// The sum.
        Add = 1,
        /// The first less the second.
        Sub = 2,
        /// The product.
        Mul = 3,
        /// The square of the difference.
        SquaredDifference = 4,
        /// The first, times the second where it is below zero.
        Prelu = 5,
        /// The greater of the bytes, whatever their scales.
        Maximum = 6,
        /// The lesser of the bytes, whatever their scales.
        Minimum = 7,
        /// Whether the first equals the second, at one scale.
        Equal = 8,
        /// Whether they differ, at one scale.
        NotEqual = 9,
        /// Whether the first is greater, at one scale.
        Greater = 10,
        /// Whether the first is greater or equal, at one scale.
        GreaterEqual = 11,
        /// Whether the first is less, at one scale.
        Less = 12,
        /// Whether the first is less or equal, at one scale.
        LessEqual = 13,
        /// Whether both are true.
        LogicalAnd = 14,
        /// Whether one of both is true.
        LogicalOr = 15,
        /// Whether both are true, or none.
        LogicalEqual = 16,
        /// Whether one of both is true, not both.
        LogicalNotEqual = 17,
    }
}

impl BinaryOperation {
    /// Returns the element types of operands and output.
    pub(crate) const fn types(self) -> (DType, DType) {
        match self {
            Self::Add
            | Self::Sub
            | Self::Mul
            | Self::SquaredDifference
            | Self::Prelu
            | Self::Maximum
            | Self::Minimum => (DType::I8, DType::I8),
            Self::Equal
            | Self::NotEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::Less
            | Self::LessEqual => (DType::I8, DType::Bool),
            Self::LogicalAnd | Self::LogicalOr | Self::LogicalEqual | Self::LogicalNotEqual => {
                (DType::Bool, DType::Bool)
            }
        }
    }

    /// Returns whether there is a scale for first operand, second operand and output.
    pub(crate) const fn scales(self) -> [bool; 3] {
        match self {
            Self::Add | Self::Sub | Self::SquaredDifference => [true; 3],
            Self::Mul => [false, false, true],
            Self::Prelu => [true, false, true],
            Self::Equal
            | Self::NotEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::Less
            | Self::LessEqual => [true, true, false],
            Self::Maximum
            | Self::Minimum
            | Self::LogicalAnd
            | Self::LogicalOr
            | Self::LogicalEqual
            | Self::LogicalNotEqual => [false; 3],
        }
    }

    /// Computes the values of `N` pairs.
    #[inline(always)]
    #[must_use]
    pub fn apply<const N: usize>(self, scales: &PairScales, a: &[i8; N], b: &[i8; N]) -> [i8; N] {
        // Once for all pairs: the compiler then makes vectors of what is left.
        let of = &Arithmetic::of(scales);
        match self {
            Self::Add => each(a, b, |a, b| of.finish(of.left(a).wrapping_add(of.right(b)))),
            Self::Sub => each(a, b, |a, b| of.finish(of.left(a).wrapping_sub(of.right(b)))),
            Self::Mul => each(a, b, |a, b| of.product(a, b)),
            Self::SquaredDifference => each(a, b, |a, b| {
                let difference = of.left(a).wrapping_sub(of.right(b));
                of.finish(difference.wrapping_mul(difference))
            }),
            Self::Prelu => each(a, b, |a, b| of.prelu(a, b)),
            Self::Maximum => each(a, b, |a, b| if a > b { a } else { b }),
            Self::Minimum => each(a, b, |a, b| if a < b { a } else { b }),
            Self::Equal => each(a, b, |a, b| i8::from(of.left(a) == of.right(b))),
            Self::NotEqual => each(a, b, |a, b| i8::from(of.left(a) != of.right(b))),
            Self::Greater => each(a, b, |a, b| i8::from(of.left(a) > of.right(b))),
            Self::GreaterEqual => each(a, b, |a, b| i8::from(of.left(a) >= of.right(b))),
            Self::Less => each(a, b, |a, b| i8::from(of.left(a) < of.right(b))),
            Self::LessEqual => each(a, b, |a, b| i8::from(of.left(a) <= of.right(b))),
            Self::LogicalAnd => each(a, b, |a, b| i8::from(a != 0 && b != 0)),
            Self::LogicalOr => each(a, b, |a, b| i8::from(a != 0 || b != 0)),
            Self::LogicalEqual => each(a, b, |a, b| i8::from((a != 0) == (b != 0))),
            Self::LogicalNotEqual => each(a, b, |a, b| i8::from((a != 0) != (b != 0))),
        }
    }
}

#[inline(always)]
fn each<const N: usize>(a: &[i8; N], b: &[i8; N], value: impl Fn(i8, i8) -> i8) -> [i8; N] {
    let mut values = [0; N];
    for ((target, &a), &b) in values.iter_mut().zip(a).zip(b) {
        *target = value(a, b);
    }
    values
}

/// [`rescale`](crate::fixed::rescale) by one multiplier, with its shift taken apart.
#[derive(Debug, Clone, Copy)]
struct Rescale {
    multiplier: i32,
    left: u32,
    right: u32,
}

impl Rescale {
    #[inline(always)]
    const fn of(multiplier: i32, shift: i8) -> Self {
        let left = if shift > 0 { shift as u32 } else { 0 };
        let right = if shift > 0 { 0 } else { shift.unsigned_abs() as u32 };
        Self { multiplier, left, right }
    }

    #[inline(always)]
    const fn apply(self, value: i32) -> i32 {
        round_shift(high_mul(value.wrapping_shl(self.left), self.multiplier), self.right)
    }
}

/// What is the same for all pairs.
#[derive(Debug, Clone, Copy)]
struct Arithmetic {
    scales: [Rescale; 3],
    zero_points: [i32; 3],
    left_shift: u32,
    activation: Activation,
}

impl Arithmetic {
    #[inline(always)]
    const fn of(scales: &PairScales) -> Self {
        let [a, b, y] = scales.multiplier;
        let [shift_a, shift_b, shift_y] = scales.shift;
        Self {
            scales: [Rescale::of(a, shift_a), Rescale::of(b, shift_b), Rescale::of(y, shift_y)],
            zero_points: scales.zero_point,
            left_shift: scales.left_shift as u32,
            activation: scales.activation,
        }
    }

    /// Returns the first value, less its zero point, at the scale of both.
    #[inline(always)]
    const fn left(&self, a: i8) -> i32 {
        let [zero, ..] = self.zero_points;
        let [scale, ..] = self.scales;
        scale.apply((a as i32 - zero).wrapping_shl(self.left_shift))
    }

    /// Returns the second value, less its zero point, at the scale of both.
    #[inline(always)]
    const fn right(&self, b: i8) -> i32 {
        let [_, zero, _] = self.zero_points;
        let [_, scale, _] = self.scales;
        scale.apply((b as i32 - zero).wrapping_shl(self.left_shift))
    }

    /// Brings a value to the scale of the output.
    #[inline(always)]
    const fn finish(&self, value: i32) -> i8 {
        let [.., scale] = self.scales;
        self.clamped(scale.apply(value))
    }

    #[inline(always)]
    const fn clamped(&self, value: i32) -> i8 {
        let [.., zero] = self.zero_points;
        clamp(value.saturating_add(zero), self.activation.min, self.activation.max)
    }

    #[inline(always)]
    const fn product(&self, a: i8, b: i8) -> i8 {
        let [zero_a, zero_b, _] = self.zero_points;
        self.finish((a as i32 - zero_a) * (b as i32 - zero_b))
    }

    /// Returns the first value where it is not negative, else its product with the second.
    #[inline(always)]
    const fn prelu(&self, a: i8, b: i8) -> i8 {
        let [zero, ..] = self.zero_points;
        let [scale, ..] = self.scales;
        let value = a as i32 - zero;
        if value < 0 { self.product(a, b) } else { self.clamped(scale.apply(value)) }
    }
}

#[cfg(test)]
mod tests {
    use super::BinaryOperation as Of;
    use crate::requant::{Activation, PairScales};

    #[test]
    fn any_byte_but_zero_is_true() {
        let scales = PairScales {
            multiplier: [0; 3],
            shift: [0; 3],
            zero_point: [0; 3],
            left_shift: 0,
            activation: Activation { min: 0, max: 0 },
        };
        let (a, b) = ([0, 0, 1, 1, 2, -128, 2], [0, 2, 0, 2, 1, 4, 2]);
        for (operation, expected) in [
            (Of::LogicalAnd, [0, 0, 0, 1, 1, 1, 1]),
            (Of::LogicalOr, [0, 1, 1, 1, 1, 1, 1]),
            (Of::LogicalEqual, [1, 0, 0, 1, 1, 1, 1]),
            (Of::LogicalNotEqual, [0, 1, 1, 0, 0, 0, 0]),
        ] {
            assert_eq!(operation.apply(&scales, &a, &b), expected, "{operation:?}");
        }
    }
}
