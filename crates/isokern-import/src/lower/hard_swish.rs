//! Lowers HARD_SWISH, `x * min(max(x + 3, 0), 6) / 6` of each value, to a table of all values.

use super::byte_table;
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::quantize::{self, Multiplier};

/// Lowers a hard swish: steps of 16 bits, as `HardSwish` in
/// `kernels/internal/reference/hard_swish.h` and its data in `micro/kernels/hard_swish_common.cc`
/// have them, paths as in [`quantize`]. Quotients of scales are `double`, as the package has
/// them; sources before October 2026 have `float`.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    let hires_scale = f64::from(input.tensor.scale) / 128.0;
    let multiplier = |real: f64| {
        let found = quantize::multiplier(real);
        found.map_err(|fault| site.multiplier_fault(0, fault))
    };
    let to_output = multiplier(hires_scale / f64::from(output.tensor.scale))?;
    let to_reluish = multiplier(hires_scale / (3.0 / 32768.0))?;
    if to_output.shift > 0 {
        return Err(site.fault(OperatorFault::SwishScale));
    }
    let steps = Steps { to_output, to_reluish };
    let [zero_x, zero_y] = [&input, &output].map(|value| i32::from(value.tensor.zero_point));
    byte_table::emit(site, &input, &output, |stored| {
        // 16 bits hold the sum of two of 8 bits and a result.
        i32::from(steps.of((stored - zero_x) as i16)).wrapping_add(zero_y) as i16 as i32
    });
    Ok(())
}

struct Steps {
    to_output: Multiplier,
    to_reluish: Multiplier,
}

impl Steps {
    /// Returns the function of a difference from the zero point, in steps of the output.
    fn of(&self, input: i16) -> i16 {
        let hires = input * 128;
        let before_shift = high_mul(hires, short(self.to_output));
        let exponent = i32::from(self.to_reluish.shift);
        let mut reluish = hires;
        if exponent > 0 {
            reluish = saturating_shl(reluish, exponent - 1);
        }
        reluish = high_mul(reluish, short(self.to_reluish));
        if exponent > 0 {
            reluish = saturating_shl(reluish, 1);
        }
        if exponent < 0 {
            reluish = round_shift(reluish, -exponent);
        }
        // From -1..1 to 0..1.
        let reluish = (i32::from(reluish) + (1 << 15)) >> 1;
        let product = (reluish * i32::from(before_shift) / (1 << 15)) as i16;
        round_shift(product, -i32::from(self.to_output.shift))
    }
}

/// Returns a mantissa in 16 bits; `DownScaleInt32ToInt16Multiplier` in `kernels/internal/common.h`.
fn short(multiplier: Multiplier) -> i16 {
    let half = 1 << 15;
    if multiplier.mantissa >= i32::MAX - half {
        return i16::MAX;
    }
    ((multiplier.mantissa + half) >> 16) as i16
}

/// Returns the high half of `2 * a * b`, to nearest, ties away from zero but for -1/2, which goes
/// up; gemmlowp `SaturatingRoundingDoublingHighMul` of 16 bits.
fn high_mul(a: i16, b: i16) -> i16 {
    let product = i32::from(a) * i32::from(b);
    let nudge = if product >= 0 { 1 << 14 } else { 1 - (1 << 14) };
    ((product + nudge) / (1 << 15)) as i16
}

fn saturating_shl(value: i16, bits: i32) -> i16 {
    let wide = i64::from(value) << bits;
    wide.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// Divides by `2^exponent`, to nearest, ties away from zero; gemmlowp `RoundingDivideByPOT` of 16
/// bits. From 2^16 on its mask is all ones: what is not negative becomes 1, the rest -1.
fn round_shift(value: i16, exponent: i32) -> i16 {
    let mask = ((1_i64 << exponent) - 1) as i16;
    let threshold = (mask >> 1) + i16::from(value < 0);
    (i32::from(value) >> exponent) as i16 + i16::from(value & mask > threshold)
}
