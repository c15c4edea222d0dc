//! Arithmetic of single and double precision.
//!
//! To the nearest the processor's own arithmetic is used, in the other directions that of
//! `rustc_apfloat`. NaN results have one bit pattern per format.

use core::num::FpCategory;

use super::approximate;
use super::approximate::Function;
use super::float_lane::Float;
use super::lanes::{One, Source, Three, Two, Warp};
use super::rounding::Rounding;

/// An operation on floats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    Unary(Unary, Format, Form, One),
    Binary(Binary, Format, Form, Two),
    /// `a * b + c`, rounded once.
    MultiplyAdd(Format, Form, Three),
    /// An approximation; whether it flushes subnormal values.
    Function(Function, bool, One),
    Divide {
        flush: bool,
        full: bool,
        at: Two,
    },
    Test {
        property: Property,
        format: Format,
        target: u16,
        a: Source,
    },
}

/// The precision of all operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    F32,
    F64,
}

/// How a result is made from the exact one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) rounding: Rounding,
    /// Subnormal sources and results are zeros of their sign.
    pub(super) flush: bool,
    /// Results are held within 0 and 1; NaN gives 0.
    pub(super) saturate: bool,
}

/// Operations with one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Absolute,
    Negate,
    Reciprocal,
    SquareRoot,
}

/// Operations with two sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// The sign of `a` with the magnitude of `b`.
    CopySign,
    Extreme(Extreme),
}

/// The smaller or larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extreme {
    pub(super) largest: bool,
    /// NaN if a source is NaN; otherwise the source that is a number wins.
    pub(super) nan: bool,
    /// Compares magnitudes; the sign is that of the product.
    pub(super) magnitude: bool,
}

/// What `testp` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Finite,
    Infinite,
    Number,
    NotANumber,
    Normal,
    Subnormal,
}

impl Operation {
    /// Executes it in the lanes that run.
    #[inline]
    pub(super) fn execute(self, warp: &mut Warp<'_>) {
        match self {
            Self::Unary(unary, Format::F32, form, at) => one::<f32>(unary, form, warp, at),
            Self::Unary(unary, Format::F64, form, at) => one::<f64>(unary, form, warp, at),
            Self::Binary(binary, Format::F32, form, at) => two::<f32>(binary, form, warp, at),
            Self::Binary(binary, Format::F64, form, at) => two::<f64>(binary, form, warp, at),
            Self::MultiplyAdd(Format::F32, form, at) => three::<f32>(form, warp, at),
            Self::MultiplyAdd(Format::F64, form, at) => three::<f64>(form, warp, at),
            Self::Function(function, flush, at) => function.execute(flush, warp, at),
            Self::Divide { flush, full, at } => {
                let form = Form { flush, ..Form::PLAIN };
                let divide = if full { |a: f32, b: f32| a / b } else { approximate::divide };
                warp.map2(at, |a: f32, b: f32| form.finish(divide(form.see(a), form.see(b))));
            }
            Self::Test { property, format, target, a } => {
                let lanes = match format {
                    Format::F32 => warp.test1(a, |a: f32| property.holds(a.classify())),
                    Format::F64 => warp.test1(a, |a: f64| property.holds(a.classify())),
                };
                warp.registers.set_predicate(target, lanes, warp.mask);
            }
        }
    }
}

impl Form {
    /// To the nearest, nothing flushed, nothing held within bounds.
    pub(super) const PLAIN: Self =
        Self { rounding: Rounding::Nearest, flush: false, saturate: false };

    /// Returns a source as the operation sees it.
    #[inline]
    pub(super) fn see<T: Float>(self, value: T) -> T {
        if self.flush { value.flush() } else { value }
    }

    /// Returns a rounded result as it is written.
    #[inline]
    pub(super) fn finish<T: Float>(self, value: T) -> T {
        let value = self.see(value.canonical());
        if self.saturate { value.saturate() } else { value }
    }
}

impl Property {
    fn holds(self, category: FpCategory) -> bool {
        match self {
            Self::Finite => !matches!(category, FpCategory::Infinite | FpCategory::Nan),
            Self::Infinite => category == FpCategory::Infinite,
            Self::Number => category != FpCategory::Nan,
            Self::NotANumber => category == FpCategory::Nan,
            // Zeros count as normal.
            Self::Normal => matches!(category, FpCategory::Normal | FpCategory::Zero),
            Self::Subnormal => category == FpCategory::Subnormal,
        }
    }
}

fn one<T: Float>(unary: Unary, form: Form, warp: &mut Warp<'_>, at: One) {
    let to = form.rounding;
    match unary {
        Unary::Absolute => warp.map1(at, |a: T| form.see(a.absolute())),
        Unary::Negate => warp.map1(at, |a: T| form.see(a.negate())),
        Unary::Reciprocal => {
            warp.map1(at, |a: T| form.finish(T::ONE.divide(form.see(a), to)));
        }
        Unary::SquareRoot => warp.map1(at, |a: T| form.finish(form.see(a).square_root(to))),
    }
}

fn two<T: Float>(binary: Binary, form: Form, warp: &mut Warp<'_>, at: Two) {
    let to = form.rounding;
    match binary {
        Binary::Add if form == Form::PLAIN => {
            warp.map2(at, |a: T, b: T| a.add(b, Rounding::Nearest).canonical());
        }
        Binary::Multiply if form == Form::PLAIN => {
            warp.map2(at, |a: T, b: T| a.multiply(b, Rounding::Nearest).canonical());
        }
        Binary::Add => {
            warp.map2(at, |a: T, b: T| form.finish(form.see(a).add(form.see(b), to)));
        }
        Binary::Subtract => {
            warp.map2(at, |a: T, b: T| form.finish(form.see(a).add(form.see(b).negate(), to)));
        }
        Binary::Multiply => {
            warp.map2(at, |a: T, b: T| form.finish(form.see(a).multiply(form.see(b), to)));
        }
        Binary::Divide => {
            warp.map2(at, |a: T, b: T| form.finish(form.see(a).divide(form.see(b), to)));
        }
        Binary::CopySign => warp.map2(at, |a: T, b: T| b.with_sign_of(a)),
        Binary::Extreme(extreme) => {
            warp.map2(at, |a: T, b: T| extreme.of(form.see(a), form.see(b)).canonical());
        }
    }
}

fn three<T: Float>(form: Form, warp: &mut Warp<'_>, at: Three) {
    if form == Form::PLAIN {
        warp.map3(at, |a: T, b: T, c: T| a.multiply_add(b, c, Rounding::Nearest).canonical());
    } else {
        warp.map3(at, |a: T, b: T, c: T| {
            let (a, b, c) = (form.see(a), form.see(b), form.see(c));
            form.finish(a.multiply_add(b, c, form.rounding))
        });
    }
}

impl Extreme {
    fn of<T: Float>(self, a: T, b: T) -> T {
        if a.is_nan() || b.is_nan() {
            return match (self.nan, a.is_nan()) {
                (true, _) => T::NAN,
                (false, true) => b,
                (false, false) => a,
            };
        }
        if self.magnitude {
            let chosen = self.choose(a.absolute(), b.absolute());
            return if a.is_negative() == b.is_negative() { chosen } else { chosen.negate() };
        }
        self.choose(a, b)
    }

    /// Returns the smaller or the greater number. Minus zero is smaller than plus zero.
    fn choose<T: Float>(self, a: T, b: T) -> T {
        if a.total_order(b).is_gt() == self.largest { a } else { b }
    }
}
