//! Conversions to a smaller float format, and those of half precision.

use rustc_apfloat::ieee::{Double, Half, Single};
use rustc_apfloat::{Float as _, FloatConvert as _, Round};

use super::rounding::Rounding;

/// The NaN of results in half precision.
const NAN: u16 = 0x7fff;

/// Returns a double rounded to single precision.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "rounded to the nearest")]
pub(super) fn double_to_single(value: f64, to: Rounding) -> f32 {
    if to == Rounding::Nearest || value.is_nan() {
        return value as f32;
    }
    let single: Single = exact(value).convert_r(to.into(), &mut false).value;
    f32::from_bits(single.to_bits() as u32)
}

/// Returns a double rounded to half precision.
#[expect(clippy::cast_possible_truncation, reason = "the upper bits are zeros")]
pub(super) fn double_to_half(value: f64, to: Rounding) -> u16 {
    if value.is_nan() {
        return NAN;
    }
    let half: Half = exact(value).convert_r(to.into(), &mut false).value;
    half.to_bits() as u16
}

/// Returns a value of half precision, exactly.
#[expect(clippy::cast_possible_truncation, reason = "the upper bits are zeros")]
pub(super) fn half_to_single(bits: u16) -> f32 {
    let half = Half::from_bits(bits.into());
    let single: Single = half.convert_r(Round::NearestTiesToEven, &mut false).value;
    f32::from_bits(single.to_bits() as u32)
}

fn exact(value: f64) -> Double {
    Double::from_bits(value.to_bits().into())
}
