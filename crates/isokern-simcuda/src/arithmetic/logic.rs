//! Logic, shifts and the choice of bytes; logic of predicates.

use crate::registers::Predicate;

use super::bytes::{Choice, permute, truth_table};
use super::lanes::{One, Source, Three, Two, Value, Warp};
use super::shift::{Shift, Word, funnel};

/// An operation on bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    Unary(Unary, Width, One),
    Binary(Binary, Width, Two),
    Shift(Shift, Width, Two),
    /// The target, its truth table and the sources.
    Table(u8, Three),
    Funnel(Funnel, Three),
    Permute(Permute, Three),
    Predicates {
        operation: Binary,
        target: u16,
        a: Predicate,
        b: Predicate,
    },
}

/// Bits of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Half,
    Word,
    Long,
}

/// Operations with one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    /// 1 for zero, else 0.
    IsZero,
}

/// Operations with two sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    And,
    Or,
    Xor,
}

/// A shift of two words as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Funnel {
    pub(super) left: bool,
    /// Whether amounts go round at 32 instead of stopping there.
    pub(super) wrap: bool,
}

/// How `prmt` chooses bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permute {
    Nibbles,
    Forward4,
    Backward4,
    Replicate8,
    ClampLeft,
    ClampRight,
    Replicate16,
}

impl Operation {
    /// Executes it in the lanes that run.
    #[inline]
    pub(super) fn execute(self, warp: &mut Warp<'_>) {
        match self {
            Self::Binary(binary, Width::Word, at) => two::<u32>(binary, warp, at),
            Self::Binary(binary, Width::Long, at) => two::<u64>(binary, warp, at),
            Self::Binary(binary, Width::Half, at) => two::<u16>(binary, warp, at),
            Self::Unary(unary, width, at) => match width {
                Width::Half => one::<u16>(unary, warp, at),
                Width::Word => one::<u32>(unary, warp, at),
                Width::Long => one::<u64>(unary, warp, at),
            },
            Self::Shift(shift, width, at) => match width {
                Width::Half => shift.execute::<u16>(warp, at),
                Width::Word => shift.execute::<u32>(warp, at),
                Width::Long => shift.execute::<u64>(warp, at),
            },
            Self::Table(table, at) => warp.map3(at, |a, b, c| truth_table(table, a, b, c)),
            Self::Funnel(mode, at) => {
                warp.map3(at, |a, b, c| funnel(mode.left, mode.wrap, a, b, c));
            }
            Self::Permute(mode, Three { target, a, b, c: Source::Constant([control, _]) }) => {
                let choice = Choice::new(mode, control);
                warp.map2(Two { target, a, b }, |a, b| choice.of(a, b));
            }
            Self::Permute(mode, at) => warp.map3(at, |a, b, c| permute(mode, a, b, c)),
            Self::Predicates { operation, target, a, b } => {
                let (a, b) = (warp.registers.predicate(a), warp.registers.predicate(b));
                let lanes = operation.apply(a, b);
                warp.registers.set_predicate(target, lanes, warp.mask);
            }
        }
    }
}

impl Binary {
    /// Returns the operation on the bits of two values.
    #[inline]
    pub(super) fn apply<T: Word>(self, a: T, b: T) -> T {
        match self {
            Self::And => a & b,
            Self::Or => a | b,
            Self::Xor => a ^ b,
        }
    }
}

fn one<T: Word>(unary: Unary, warp: &mut Warp<'_>, at: One) {
    match unary {
        Unary::Not => warp.map1(at, |a: T| !a),
        Unary::IsZero => warp.map1(at, |a: T| if a == T::ZERO { T::ONE } else { T::ZERO }),
    }
}

#[inline]
fn two<T: Word + Value>(binary: Binary, warp: &mut Warp<'_>, at: Two) {
    match binary {
        Binary::And => warp.map2(at, |a: T, b: T| a & b),
        Binary::Or => warp.map2(at, |a: T, b: T| a | b),
        Binary::Xor => warp.map2(at, |a: T, b: T| a ^ b),
    }
}
