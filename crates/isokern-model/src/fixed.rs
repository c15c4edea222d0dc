//! Fixed-point steps of profile `tflm` v1.
//!
//! Where a step of the reference could overflow (`docs/numerics.md` says where),
//! ours is defined, and the same on every target: sums and left shifts wrap, the
//! output's zero point is added with saturation.

/// Returns the high half of `2 * a * b`, to nearest, ties up: one Q31 product.
///
/// Equal to gemmlowp's `SaturatingRoundingDoublingHighMul` for all arguments but
/// `a == b == i32::MIN`, which no operator has. Source: gemmlowp
/// `fixedpoint/fixedpoint.h`.
///
/// ```
/// use isokern_model::fixed::high_mul;
///
/// assert_eq!(high_mul(1000, 1 << 30), 500);
/// assert_eq!(high_mul(-1, 1 << 30), 0); // -0.5 goes up
/// assert_eq!(high_mul(1, 1 << 30), 1);
/// ```
#[cfg_attr(target_arch = "riscv32", inline(never))] // Ten instructions there.
#[cfg_attr(not(target_arch = "riscv32"), inline(always))]
#[must_use]
pub const fn high_mul(a: i32, b: i32) -> i32 {
    ((a as i64 * b as i64 + (1 << 30)) >> 31) as i32
}

/// Divides by `2^exponent` and rounds to nearest, ties away from zero; `exponent` is 0 to 31 and
/// `value` not `i32::MIN`, which no Q31 product is.
///
/// The last bit shifted out is added, after a negative value has moved one down so
/// that its ties go down. Source: gemmlowp `RoundingDivideByPOT`.
///
/// ```
/// use isokern_model::fixed::round_shift;
///
/// assert_eq!([round_shift(5, 1), round_shift(-5, 1), round_shift(4, 3)], [3, -3, 1]);
/// assert_eq!([round_shift(7, 0), round_shift(-i32::MAX, 31)], [7, -1]);
/// ```
#[inline(always)]
#[must_use]
pub const fn round_shift(value: i32, exponent: u32) -> i32 {
    let below = value.wrapping_add(value >> 31);
    // A bit under the last, for exponent 0: it gives a negative value its one back.
    let bits = below.cast_unsigned() << 1 | value.cast_unsigned() >> 31;
    let last_out = (bits.wrapping_shr(exponent) & 1).cast_signed();
    below.wrapping_shr(exponent).wrapping_add(last_out)
}

/// Returns `value * multiplier * 2^(shift - 31)`, rounded in two steps.
///
/// Above zero the shift goes to the left, before the product. Source: TensorFlow
/// Lite `kernels/internal/common.cc`, `MultiplyByQuantizedMultiplier` (double
/// rounding, the default build), and CMSIS-NN `arm_nn_requantize`.
///
/// ```
/// use isokern_model::fixed::rescale;
///
/// assert_eq!(rescale(100, 1 << 30, 1), 100);
/// assert_eq!(rescale(100, 1 << 30, -2), 13); // 100 / 2 / 4 = 12.5
/// assert_eq!(rescale(100, 0, 0), 0); // a dead channel
/// ```
#[inline(always)]
#[must_use]
pub const fn rescale(value: i32, multiplier: i32, shift: i8) -> i32 {
    let (left, right) =
        if shift > 0 { (shift as u32, 0) } else { (0, shift.unsigned_abs() as u32) };
    round_shift(high_mul(value.wrapping_shl(left), multiplier), right)
}

/// Returns the integer nearest to `value`, ties away from zero; `i32::MIN` for every other value:
/// NaN, and those that round to no `i32`.
///
/// Integer steps alone, so that no target decides. What C leaves undefined is what a processor of
/// x86-64 gives. Source: TensorFlow Lite `kernels/internal/reference/quantize.h`.
///
/// ```
/// use isokern_model::fixed::nearest;
///
/// assert_eq!([0.5, -0.5, 2.4999998, -7.5, 0.49999997].map(nearest), [1, -1, 2, -8, 0]);
/// assert_eq!([f32::NAN, f32::INFINITY, -3e9, 2147483648.0].map(nearest), [i32::MIN; 4]);
/// assert_eq!([2147483520.0, -2147483648.0].map(nearest), [2147483520, i32::MIN]);
/// ```
#[inline(always)]
#[must_use]
pub const fn nearest(value: f32) -> i32 {
    let bits = value.to_bits();
    let exponent = bits >> 23 & 0xFF;
    let mantissa = bits & 0x7F_FFFF | 0x80_0000;
    let magnitude = match exponent {
        // Below one half.
        0..126 => 0,
        // A fraction is left: half a step is added, and the fraction cut off.
        126..150 => (mantissa + (1 << (149 - exponent))) >> (150 - exponent),
        150..158 => mantissa << (exponent - 150),
        _ => return i32::MIN,
    };
    let magnitude = magnitude as i32;
    if bits >> 31 == 0 { magnitude } else { -magnitude }
}

/// Returns `value` moved into `min..=max`.
#[inline(always)]
#[must_use]
pub const fn clamp(value: i32, min: i8, max: i8) -> i8 {
    if value < min as i32 {
        min
    } else if value > max as i32 {
        max
    } else {
        value as i8
    }
}

#[cfg(test)]
mod tests {
    use super::{high_mul, rescale, round_shift};

    /// Computes gemmlowp's own form of the product: nudge by sign, then a truncating division.
    fn high_mul_reference(a: i32, b: i32) -> i32 {
        let product = i64::from(a) * i64::from(b);
        let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        ((product + nudge) / (1 << 31)) as i32
    }

    /// Returns the definition: half is added away from zero, in numbers wide enough for it.
    fn round_shift_reference(value: i32, exponent: u32) -> i32 {
        let half = (1_i64 << exponent) / 2;
        let magnitude = (i64::from(value).abs() + half) >> exponent;
        (if value < 0 { -magnitude } else { magnitude }) as i32
    }

    fn values() -> impl Iterator<Item = i32> {
        let near = |centre: i32| (-3..=3).map(move |step| centre.wrapping_add(step));
        (0..32).flat_map(move |bit| near(1 << bit).chain(near(-1 << bit)))
    }

    #[test]
    fn the_product_is_the_reference_product() {
        for a in values() {
            for b in values().filter(|&b| b >= 0) {
                assert_eq!(high_mul(a, b), high_mul_reference(a, b), "{a} * {b}");
            }
        }
    }

    #[test]
    fn the_division_is_the_reference_division() {
        for value in values().filter(|&value| value != i32::MIN) {
            for exponent in 0..=31 {
                let expected = round_shift_reference(value, exponent);
                assert_eq!(round_shift(value, exponent), expected, "{value} / 2^{exponent}");
            }
        }
    }

    #[test]
    fn both_roundings_happen() {
        // 0.75 -> 1 in the first step, 1 / 2 -> 1 in the second: single rounding gives 0.
        assert_eq!(rescale(3, 1 << 29, -1), 1);
        assert_eq!(rescale(i32::MAX, i32::MAX, -31), 1);
        assert_eq!(rescale(1, i32::MAX, 30), 1 << 30);
    }
}
