//! Integer arithmetic without carries.

use super::integer_lane::{Integer, Narrow, product24};
use super::lanes::{One, Three, Two, Warp};

/// An operation on integers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    Unary(Unary, Kind, One),
    Binary(Binary, Kind, Two),
    Ternary(Ternary, Kind, Three),
}

/// The type of the operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    U16,
    S16,
    U32,
    S32,
    U64,
    S64,
}

/// Operations with one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Absolute,
    Negate,
}

/// Operations with two sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    AddSaturating,
    Subtract,
    SubtractSaturating,
    MultiplyLow,
    MultiplyHigh,
    MultiplyWide,
    Multiply24Low,
    Multiply24High,
    Divide,
    Remainder,
    Minimum,
    Maximum,
}

/// Operations with three sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ternary {
    AddLow,
    AddHigh,
    AddHighSaturating,
    AddWide,
    Add24Low,
    Add24High,
    Add24HighSaturating,
    Distance,
}

impl Operation {
    /// Executes it in the lanes that run.
    #[inline]
    pub(super) fn execute(self, warp: &mut Warp<'_>) {
        match self {
            Self::Unary(unary, kind, at) => match kind {
                Kind::U16 | Kind::S16 => one::<i16>(unary, warp, at),
                Kind::U32 | Kind::S32 => one::<i32>(unary, warp, at),
                Kind::U64 | Kind::S64 => one::<i64>(unary, warp, at),
            },
            Self::Binary(binary, kind, at) => match kind {
                Kind::U32 => two_narrow::<u32>(binary, warp, at),
                Kind::S32 => two_narrow::<i32>(binary, warp, at),
                Kind::U64 => two::<u64>(binary, warp, at),
                Kind::S64 => two::<i64>(binary, warp, at),
                Kind::U16 => two_narrow::<u16>(binary, warp, at),
                Kind::S16 => two_narrow::<i16>(binary, warp, at),
            },
            Self::Ternary(ternary, kind, at) => match kind {
                Kind::U32 => three_narrow::<u32>(ternary, warp, at),
                Kind::S32 => three_narrow::<i32>(ternary, warp, at),
                Kind::U64 => three::<u64>(ternary, warp, at),
                Kind::S64 => three::<i64>(ternary, warp, at),
                Kind::U16 => three_narrow::<u16>(ternary, warp, at),
                Kind::S16 => three_narrow::<i16>(ternary, warp, at),
            },
        }
    }
}

fn one<T: Integer>(unary: Unary, warp: &mut Warp<'_>, at: One) {
    match unary {
        Unary::Absolute => warp.map1(at, T::absolute),
        Unary::Negate => warp.map1(at, |a: T| T::ZERO.sub(a)),
    }
}

/// Computes the operations that also exist with a result of twice the size, or with 24 bits.
#[inline]
fn two_narrow<T: Narrow>(binary: Binary, warp: &mut Warp<'_>, at: Two) {
    match binary {
        Binary::MultiplyWide => warp.map2(at, |a: T, b: T| a.widen().mul(b.widen())),
        Binary::Multiply24Low => warp.map2(at, |a: T, b: T| T::low(product24(a, b))),
        Binary::Multiply24High => warp.map2(at, |a: T, b: T| T::low(product24(a, b) >> 16)),
        _ => two::<T>(binary, warp, at),
    }
}

#[inline]
fn two<T: Integer>(binary: Binary, warp: &mut Warp<'_>, at: Two) {
    match binary {
        Binary::Add => warp.map2(at, T::add),
        Binary::AddSaturating => warp.map2(at, T::add_saturating),
        Binary::Subtract => warp.map2(at, T::sub),
        Binary::SubtractSaturating => warp.map2(at, T::sub_saturating),
        Binary::MultiplyLow => warp.map2(at, T::mul),
        Binary::MultiplyHigh => warp.map2(at, T::mul_high),
        Binary::Divide => warp.map2(at, T::divide),
        Binary::Remainder => warp.map2(at, T::remainder),
        Binary::Minimum => warp.map2(at, |a: T, b: T| a.min(b)),
        Binary::Maximum => warp.map2(at, |a: T, b: T| a.max(b)),
        Binary::MultiplyWide | Binary::Multiply24Low | Binary::Multiply24High => {
            unreachable!("decoded for types of at most 32 bits")
        }
    }
}

#[inline]
fn three_narrow<T: Narrow>(ternary: Ternary, warp: &mut Warp<'_>, at: Three) {
    match ternary {
        Ternary::AddWide => {
            warp.map3(at, |a: T, b: T, c: T::Wide| a.widen().mul(b.widen()).add(c));
        }
        Ternary::Add24Low => warp.map3(at, |a: T, b: T, c: T| T::low(product24(a, b)).add(c)),
        Ternary::Add24High => {
            warp.map3(at, |a: T, b: T, c: T| T::low(product24(a, b) >> 16).add(c));
        }
        Ternary::Add24HighSaturating => {
            warp.map3(at, |a: T, b: T, c: T| T::low(product24(a, b) >> 16).add_saturating(c));
        }
        _ => three::<T>(ternary, warp, at),
    }
}

#[inline]
fn three<T: Integer>(ternary: Ternary, warp: &mut Warp<'_>, at: Three) {
    match ternary {
        Ternary::AddLow => warp.map3(at, |a: T, b: T, c: T| a.mul(b).add(c)),
        Ternary::AddHigh => warp.map3(at, |a: T, b: T, c: T| a.mul_high(b).add(c)),
        Ternary::AddHighSaturating => {
            warp.map3(at, |a: T, b: T, c: T| a.mul_high(b).add_saturating(c));
        }
        Ternary::Distance => warp.map3(at, |a: T, b: T, c: T| a.max(b).sub(a.min(b)).add(c)),
        Ternary::AddWide
        | Ternary::Add24Low
        | Ternary::Add24High
        | Ternary::Add24HighSaturating => unreachable!("decoded for types of at most 32 bits"),
    }
}
