//! Lowers RSQRT, `1 / sqrt(x)` of each value, to a table of all values.

use isokern_model::fixed::{high_mul, rescale, round_shift};

use super::byte_table;
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::quantize::{self, MultiplierFault};

/// Bits that a root is moved left, to keep them through its rescaling.
const SHIFT: i8 = 20;

/// Lowers a reciprocal square root of values none of which is below zero: one below ends the whole
/// inference of TFLite Micro with an error.
///
/// `RsqrtEvalQuantized` in `micro/kernels/elementwise.cc`, paths as in [`quantize`]. The root of
/// the input's scale and its product with the output's are `double`, as the package has them;
/// sources before October 2026 have `float`.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    let zero_x = i32::from(input.tensor.zero_point);
    if zero_x > i8::MIN.into() {
        return Err(site.fault(OperatorFault::RootOfNegative { zero_point: zero_x }));
    }
    let root = f64::from(input.tensor.scale).sqrt();
    let real = 1.0 / (root * f64::from(output.tensor.scale));
    let scale = quantize::multiplier(real).map_err(|fault| site.multiplier_fault(0, fault))?;
    // A shift that the second rescaling cannot make.
    if scale.shift < SHIFT - 31 {
        return Err(site.multiplier_fault(0, MultiplierFault::Shift(scale.shift.into())));
    }
    let zero_y = i32::from(output.tensor.zero_point);
    byte_table::emit(site, &input, &output, |stored| {
        let value = stored - zero_x;
        if value == 0 {
            return i8::MAX.into();
        }
        let (mantissa, shift) = inverse_root(value);
        let root = rescale(1, mantissa, shift + SHIFT);
        rescale(root, scale.mantissa, scale.shift - SHIFT).saturating_add(zero_y)
    });
    Ok(())
}

/// Returns `1 / sqrt(value)` of a `value` from 1 to 2^29, as a mantissa and a shift to the left.
///
/// `GetInvSqrtQuantizedMultiplierExp` in `kernels/internal/common.h`: five steps of Newton's method
/// from 1, with three integer bits.
fn inverse_root(value: i32) -> (i32, i8) {
    const HALF_THREE: i32 = (1 << 28) + (1 << 27);
    const HALF_ROOT_OF_2: i32 = 1_518_500_250;
    if value <= 1 {
        return (i32::MAX, 0);
    }
    let pairs = (value.cast_unsigned().leading_zeros() - 1) / 2 - 1;
    let half = round_shift((value << (2 * pairs)) >> 1, 1);
    let mut x = 1 << 28;
    for _ in 0..5 {
        let cube = saturating_shl(high_mul(high_mul(x, x), x), 6);
        let next = high_mul(HALF_THREE, x).wrapping_sub(high_mul(half, cube));
        x = saturating_shl(next, 3);
    }
    let mantissa = high_mul(x, HALF_ROOT_OF_2);
    // Above zero is to the right here.
    let shift = 11 - pairs as i8;
    if shift < 0 { (mantissa << -shift, 0) } else { (mantissa, -shift) }
}

fn saturating_shl(value: i32, bits: u32) -> i32 {
    (i64::from(value) << bits).clamp(i32::MIN.into(), i32::MAX.into()) as i32
}
