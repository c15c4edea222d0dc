//! The functions of two values: their types, scales and arithmetic.

use isokern_core::DType;

use crate::fixed::{clamp, rescale};
use crate::requant::PairScales;

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
    pub(crate) fn apply<const N: usize>(
        self,
        scales: &PairScales,
        a: &[i8; N],
        b: &[i8; N],
    ) -> [i8; N] {
        let compare = |a, b| rescaled(scales, a, b);
        match self {
            Self::Add => each(a, b, |a, b| scales.sum(a, b)),
            Self::Sub => each(a, b, |a, b| difference(scales, a, b)),
            Self::Mul => each(a, b, |a, b| product(scales, a, b)),
            Self::SquaredDifference => each(a, b, |a, b| squared_difference(scales, a, b)),
            Self::Prelu => each(a, b, |a, b| prelu(scales, a, b)),
            Self::Maximum => each(a, b, |a, b| if a > b { a } else { b }),
            Self::Minimum => each(a, b, |a, b| if a < b { a } else { b }),
            Self::Equal => each(a, b, |a, b| truth(compare(a, b), |(a, b)| a == b)),
            Self::NotEqual => each(a, b, |a, b| truth(compare(a, b), |(a, b)| a != b)),
            Self::Greater => each(a, b, |a, b| truth(compare(a, b), |(a, b)| a > b)),
            Self::GreaterEqual => each(a, b, |a, b| truth(compare(a, b), |(a, b)| a >= b)),
            Self::Less => each(a, b, |a, b| truth(compare(a, b), |(a, b)| a < b)),
            Self::LessEqual => each(a, b, |a, b| truth(compare(a, b), |(a, b)| a <= b)),
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

#[inline(always)]
fn truth(pair: (i32, i32), holds: impl Fn((i32, i32)) -> bool) -> i8 {
    i8::from(holds(pair))
}

/// Both values, less their zero points, at one scale.
#[inline(always)]
const fn rescaled(scales: &PairScales, a: i8, b: i8) -> (i32, i32) {
    let left = scales.left_shift as u32;
    let a = (a as i32 - scales.zero_point[0]).wrapping_shl(left);
    let b = (b as i32 - scales.zero_point[1]).wrapping_shl(left);
    let a = rescale(a, scales.multiplier[0], scales.shift[0]);
    (a, rescale(b, scales.multiplier[1], scales.shift[1]))
}

/// Brings a value to the scale of the output.
#[inline(always)]
const fn finish(scales: &PairScales, value: i32) -> i8 {
    let value = rescale(value, scales.multiplier[2], scales.shift[2]);
    let value = value.saturating_add(scales.zero_point[2]);
    clamp(value, scales.activation.min, scales.activation.max)
}

#[inline(always)]
const fn difference(scales: &PairScales, a: i8, b: i8) -> i8 {
    let (a, b) = rescaled(scales, a, b);
    finish(scales, a.wrapping_sub(b))
}

#[inline(always)]
const fn squared_difference(scales: &PairScales, a: i8, b: i8) -> i8 {
    let (a, b) = rescaled(scales, a, b);
    let difference = a.wrapping_sub(b);
    finish(scales, difference.wrapping_mul(difference))
}

#[inline(always)]
const fn product(scales: &PairScales, a: i8, b: i8) -> i8 {
    let [zero_a, zero_b, _] = scales.zero_point;
    finish(scales, (a as i32 - zero_a) * (b as i32 - zero_b))
}

/// A value that is not below zero keeps its sign, others are multiplied by the second.
#[inline(always)]
const fn prelu(scales: &PairScales, a: i8, b: i8) -> i8 {
    let value = a as i32 - scales.zero_point[0];
    if value < 0 {
        return product(scales, a, b);
    }
    let value = rescale(value, scales.multiplier[0], scales.shift[0]);
    let value = value.saturating_add(scales.zero_point[2]);
    clamp(value, scales.activation.min, scales.activation.max)
}
