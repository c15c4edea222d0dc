//! Comparisons and the choices made by them.

use core::cmp::Ordering;

use crate::registers::Predicate;

use super::float_lane::Float;
use super::lanes::{Source, Three, Two, Value, Warp};
use super::logic::Binary;

/// A comparison or a choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    /// `setp`: the comparison to `p`, its opposite to `q`, each joined with a predicate.
    Predicates { test: Test, combine: Option<(Binary, Predicate)>, p: Option<u16>, q: Option<u16> },
    /// `set`: `truth` or zero.
    Number { test: Test, combine: Option<(Binary, Predicate)>, target: u16, truth: u32 },
    /// `selp`.
    Select { wide: bool, at: Two, chosen: Predicate },
    /// `slct`: by the sign of the third source.
    BySign { wide: bool, by: Sign, at: Three },
}

/// A comparison of two sources.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Test {
    pub(super) relation: Relation,
    pub(super) kind: Kind,
    pub(super) a: Source,
    pub(super) b: Source,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    U16,
    S16,
    U32,
    S32,
    U64,
    S64,
    F32,
    /// Subnormal values count as zeros.
    F32Flushed,
    F64,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// These and the next five hold for NaN as well.
    EqualOrNan,
    NotEqualOrNan,
    LessOrNan,
    LessOrEqualOrNan,
    GreaterOrNan,
    GreaterOrEqualOrNan,
    Numbers,
    AnyNan,
}

/// Whose sign `slct` looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    S32,
    F32,
    F32Flushed,
}

impl Operation {
    /// Executes it in the lanes that run.
    #[inline]
    pub(super) fn execute(self, warp: &mut Warp<'_>) {
        match self {
            Self::Predicates { test, combine, p, q } => {
                let holds = test.execute(warp);
                let (yes, no) = match combine {
                    None => (holds, !holds),
                    Some((operation, with)) => {
                        let with = warp.registers.predicate(with);
                        (operation.apply(holds, with), operation.apply(!holds, with))
                    }
                };
                if let Some(p) = p {
                    warp.registers.set_predicate(p, yes, warp.mask);
                }
                if let Some(q) = q {
                    warp.registers.set_predicate(q, no, warp.mask);
                }
            }
            Self::Number { test, combine, target, truth } => {
                let mut holds = test.execute(warp);
                if let Some((operation, with)) = combine {
                    holds = operation.apply(holds, warp.registers.predicate(with));
                }
                let at = Two { target, a: Source::word(truth), b: Source::word(0) };
                warp.select::<u32>(at, holds);
            }
            Self::Select { wide, at, chosen } => {
                let chosen = warp.registers.predicate(chosen);
                if wide { warp.select::<u64>(at, chosen) } else { warp.select::<u32>(at, chosen) }
            }
            Self::BySign { wide, by, at } => {
                let chosen = match by {
                    Sign::S32 => warp.test1(at.c, |c: i32| c >= 0),
                    Sign::F32 => warp.test1(at.c, |c: f32| c >= 0.0),
                    Sign::F32Flushed => warp.test1(at.c, |c: f32| c.flush() >= 0.0),
                };
                let at = Two { target: at.target, a: at.a, b: at.b };
                if wide { warp.select::<u64>(at, chosen) } else { warp.select::<u32>(at, chosen) }
            }
        }
    }
}

impl Test {
    #[inline]
    fn execute(self, warp: &Warp<'_>) -> u32 {
        match self.kind {
            Kind::U32 => self.integers::<u32>(warp),
            Kind::S32 => self.integers::<i32>(warp),
            Kind::U64 => self.integers::<u64>(warp),
            Kind::S64 => self.integers::<i64>(warp),
            Kind::U16 => self.integers::<u16>(warp),
            Kind::S16 => self.integers::<i16>(warp),
            Kind::F32 => self.floats::<f32>(warp, |a| a),
            Kind::F32Flushed => self.floats(warp, f32::flush),
            Kind::F64 => self.floats::<f64>(warp, |a| a),
        }
    }

    #[inline]
    fn integers<T: Value + Ord>(self, warp: &Warp<'_>) -> u32 {
        match self.relation {
            Relation::Equal => warp.test2(self.a, self.b, |a: T, b: T| a == b),
            Relation::NotEqual => warp.test2(self.a, self.b, |a: T, b: T| a != b),
            Relation::Less => warp.test2(self.a, self.b, |a: T, b: T| a < b),
            Relation::LessOrEqual => warp.test2(self.a, self.b, |a: T, b: T| a <= b),
            Relation::Greater => warp.test2(self.a, self.b, |a: T, b: T| a > b),
            Relation::GreaterOrEqual => warp.test2(self.a, self.b, |a: T, b: T| a >= b),
            _ => unreachable!("decoded for floats only"),
        }
    }

    /// Compares floats. Comparisons of Rust are false for NaN, but for `!=`.
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "true for NaN is what is asked for")]
    fn floats<T: Value + PartialOrd>(self, warp: &Warp<'_>, see: impl Fn(T) -> T) -> u32 {
        let test = |f: fn(T, T) -> bool| warp.test2(self.a, self.b, |a, b| f(see(a), see(b)));
        match self.relation {
            Relation::Equal => test(|a, b| a == b),
            Relation::NotEqual => test(|a, b| a.partial_cmp(&b).is_some_and(Ordering::is_ne)),
            Relation::Less => test(|a, b| a < b),
            Relation::LessOrEqual => test(|a, b| a <= b),
            Relation::Greater => test(|a, b| a > b),
            Relation::GreaterOrEqual => test(|a, b| a >= b),
            Relation::EqualOrNan => test(|a, b| a.partial_cmp(&b).is_none_or(Ordering::is_eq)),
            Relation::NotEqualOrNan => test(|a, b| a != b),
            Relation::LessOrNan => test(|a, b| !(a >= b)),
            Relation::LessOrEqualOrNan => test(|a, b| !(a > b)),
            Relation::GreaterOrNan => test(|a, b| !(a <= b)),
            Relation::GreaterOrEqualOrNan => test(|a, b| !(a < b)),
            Relation::Numbers => test(|a, b| a.partial_cmp(&b).is_some()),
            Relation::AnyNan => test(|a, b| a.partial_cmp(&b).is_none()),
        }
    }
}
