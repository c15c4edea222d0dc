//! Conversions between types.

use super::float::{Form, Format};
use super::float_lane::Float;
use super::formats;
use super::lanes::{One, Value, Warp};
use super::places::{Extend, Number, Place};
use super::rounding::Rounding;

/// A conversion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    /// Between integers, cut off and extended.
    Extend {
        from_wide: bool,
        to_wide: bool,
        extend: Extend,
        at: One,
    },
    /// Between integers, held within the range of the target.
    Saturate {
        from: Place,
        to: Place,
        at: One,
    },
    ToFloat {
        from: Place,
        to: Format,
        form: Form,
        at: One,
    },
    ToInteger {
        from: Format,
        to: Place,
        form: Form,
        at: One,
    },
    /// Between floats, or to an integer of the same format.
    Float {
        conversion: Conversion,
        form: Form,
        at: One,
    },
}

/// From one float format to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    SingleToSingle,
    DoubleToDouble,
    SingleToInteger,
    DoubleToInteger,
    SingleToDouble,
    DoubleToSingle,
    HalfToSingle,
    HalfToDouble,
    SingleToHalf,
    DoubleToHalf,
}

impl Operation {
    /// Executes it in the lanes that run.
    #[inline]
    pub(super) fn execute(self, warp: &mut Warp<'_>) {
        match self {
            Self::Extend { from_wide, to_wide, extend, at } => match (from_wide, to_wide) {
                (false, true) => extend.word_to_long(warp, at),
                (true, false) => extend.long_to_word(warp, at),
                (false, false) => extend.word_to_word(warp, at),
                (true, true) => extend.long_to_long(warp, at),
            },
            Self::Saturate { from, to, at } => {
                let values =
                    from.load(warp, at.a).map(|bits| to.encode(to.clamp(from.decode(bits))));
                to.store(warp, at.target, values);
            }
            Self::ToFloat { from, to: Format::F32, form, at } => {
                to_float::<f32>(from, form, warp, at);
            }
            Self::ToFloat { from, to: Format::F64, form, at } => {
                to_float::<f64>(from, form, warp, at);
            }
            Self::ToInteger { from, to, form, at } => to_integer(from, to, form, warp, at),
            Self::Float { conversion, form, at } => between(conversion, form, warp, at),
        }
    }
}

fn to_float<T: Float + Nearest>(from: Place, form: Form, warp: &mut Warp<'_>, at: One) {
    let nearest = form.rounding == Rounding::Nearest && !form.saturate;
    match from.number {
        Number { bits: 32, signed: true } if nearest && !from.wide => warp.map1(at, T::from_i32),
        Number { bits: 32, signed: false } if nearest && !from.wide => warp.map1(at, T::from_u32),
        _ => {
            let values = from.load(warp, at.a).map(|bits| {
                form.finish(T::from_integer(from.decode(bits), form.rounding)).encode()
            });
            warp.store::<T>(at.target, &values);
        }
    }
}

/// Conversions of words to the nearest, for which vector instructions exist.
trait Nearest {
    fn from_i32(value: i32) -> Self;
    fn from_u32(value: u32) -> Self;
}

impl Nearest for f32 {
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "rounds to the nearest")]
    fn from_i32(value: i32) -> Self {
        value as Self
    }

    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "rounds to the nearest")]
    fn from_u32(value: u32) -> Self {
        value as Self
    }
}

impl Nearest for f64 {
    #[inline]
    fn from_i32(value: i32) -> Self {
        value.into()
    }

    #[inline]
    fn from_u32(value: u32) -> Self {
        value.into()
    }
}

fn to_integer(from: Format, to: Place, form: Form, warp: &mut Warp<'_>, at: One) {
    let rounding = form.rounding;
    if from == Format::F64 {
        let values = warp.values::<f64>(at.a).map(f64::decode);
        // NaN of double precision, and to 64 bits, is the value with only the highest bit.
        let nan = to.encode(to.number.highest_bit());
        let values = values.map(|a| integer(a.integral(rounding), nan, to));
        return to.store(warp, at.target, values);
    }
    let see = |a: f32| form.see(a).integral(rounding);
    match to.number {
        Number { bits: 32, signed: true } if !to.wide => {
            warp.map1(at, |a: f32| saturated_i32(see(a)));
        }
        Number { bits: 32, signed: false } if !to.wide => {
            warp.map1(at, |a: f32| saturated_u32(see(a)));
        }
        Number { bits, .. } => {
            let nan = if bits == 64 { to.encode(to.number.highest_bit()) } else { 0 };
            let values = warp.values::<f32>(at.a).map(f32::decode);
            to.store(warp, at.target, values.map(|a| integer(see(a).into(), nan, to)));
        }
    }
}

/// Returns an integral value, held within the range of the target.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
fn integer(value: f64, nan: u64, to: Place) -> u64 {
    if value.is_nan() { nan } else { to.encode(to.clamp(value as i128)) }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, NaN gives zero")]
fn saturated_i32(value: f32) -> i32 {
    value as i32
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, NaN gives zero"
)]
fn saturated_u32(value: f32) -> u32 {
    value as u32
}

fn between(conversion: Conversion, form: Form, warp: &mut Warp<'_>, at: One) {
    let to = form.rounding;
    match conversion {
        Conversion::SingleToSingle => warp.map1(at, |a: f32| form.finish(a)),
        Conversion::DoubleToDouble => warp.map1(at, |a: f64| form.finish(a)),
        Conversion::SingleToInteger => {
            warp.map1(at, |a: f32| form.finish(form.see(a).integral(to)));
        }
        Conversion::DoubleToInteger => warp.map1(at, |a: f64| form.finish(a.integral(to))),
        Conversion::SingleToDouble => {
            let unflushed = Form { flush: false, ..form };
            warp.map1(at, |a: f32| unflushed.finish(f64::from(form.see(a))));
        }
        Conversion::DoubleToSingle => {
            warp.map1(at, |a: f64| form.finish(formats::double_to_single(a, to)));
        }
        Conversion::HalfToSingle => {
            warp.map1(at, |a: u16| form.finish(formats::half_to_single(a)));
        }
        Conversion::HalfToDouble => {
            warp.map1(at, |a: u16| form.finish(f64::from(formats::half_to_single(a))));
        }
        Conversion::SingleToHalf => warp.map1(at, |a: f32| {
            let a = form.see(a);
            formats::double_to_half(f64::from(if form.saturate { a.saturate() } else { a }), to)
        }),
        Conversion::DoubleToHalf => warp.map1(at, |a: f64| {
            formats::double_to_half(if form.saturate { a.saturate() } else { a }, to)
        }),
    }
}
