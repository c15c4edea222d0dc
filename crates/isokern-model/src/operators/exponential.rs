//! Exponential, logistic function and reciprocal in fixed point, after gemmlowp's `fixedpoint.h`.
//!
//! `Qm.n` has `m` bits before the binary point, `n` after it, and a sign.

use crate::fixed::{high_mul, round_shift};

/// Returns `1 / (1 + exp(-value))` in Q0.31 of a Q4.27 `value`.
///
/// Of `-|value|` comes the exponential, then the reciprocal; the other side of zero is the rest
/// to one. No executor needs it: converters put it in a [`Table`](super::table::Table).
#[must_use]
pub fn logistic(value: i32) -> i32 {
    if value == 0 {
        return 1 << 30;
    }
    let exponential = exp_with_fraction::<27>(value.saturating_abs().wrapping_neg());
    // The exponential is what follows the leading bit of a sum.
    let positive = reciprocal(exponential.wrapping_add(i32::MIN), 0);
    if value > 0 { positive } else { i32::MAX - positive }
}

/// Returns the hyperbolic tangent in Q0.31 of a Q4.27 `value`.
///
/// With `x = exp(-2 |value|)` that of `|value|` is `(1 - x) / (1 + x)`, which is twice the
/// reciprocal of `1 + x`, less one. No executor needs it: converters put it in a
/// [`Table`](super::table::Table).
#[must_use]
pub fn tanh(value: i32) -> i32 {
    if value == 0 {
        return 0;
    }
    // A fraction bit less is a factor of 2.
    let exponential = exp_with_fraction::<26>(value.saturating_abs().wrapping_neg());
    let positive = saturating_shl(twice_reciprocal(exponential).wrapping_sub(ONE_Q2_29), 2);
    if value > 0 { positive } else { positive.wrapping_neg() }
}

/// Returns `exp(value)` in Q0.31 of a Q5.26 `value <= 0`.
#[inline(always)]
pub(super) fn exp_of_negative(value: i32) -> i32 {
    exp_with_fraction::<26>(value)
}

/// Returns `exp(value)` in Q0.31 of a `value <= 0` with 26 or 27 fraction bits.
///
/// The value splits into a multiple of 1/4 and a rest in [-1/4, 0). The rest goes
/// through a polynomial, each bit of the multiple through one factor
/// `exp(-2^i)`, `i` from -2 to 4.
#[inline(always)]
fn exp_with_fraction<const BITS: u32>(value: i32) -> i32 {
    let quarter = 1 << (BITS - 2);
    if value == 0 {
        return i32::MAX;
    }
    let rest = (value & (quarter - 1)) - quarter;
    let multiple = rest.wrapping_sub(value);
    let mut result = exp_near_zero(saturating_shl(rest, 31 - BITS));
    for (bit, factor) in (BITS - 2..).zip(EXP_FACTORS) {
        if multiple & (1 << bit) != 0 {
            result = high_mul(result, factor);
        }
    }
    result
}

/// Returns `1 / (sum / 2^(31 - headroom))` in Q0.31, where `headroom` is the number of leading
/// zeros of `sum`.
///
/// With the sum's leading bit shifted out, the rest is `x` in [0, 1) and the answer
/// `1 / (1 + x)`, found by Newton's method from `48/17 - 32/17 d`, `d = (1 + x) / 2`.
#[inline(always)]
pub(super) fn reciprocal(sum: i32, headroom: u32) -> i32 {
    let x = sum.wrapping_shl(headroom).wrapping_sub(i32::MIN);
    saturating_shl(twice_reciprocal(x), 1)
}

const ONE_Q2_29: i32 = 1 << 29;

/// Returns `2 / (1 + x)` in Q2.29 of a Q0.31 `x` in [0, 1).
#[inline(always)]
fn twice_reciprocal(x: i32) -> i32 {
    const TWO_48_17THS: i32 = 1_515_870_810;
    const TWO_32_17THS_NEGATIVE: i32 = -1_010_580_540;
    let half_denominator = half_sum(x, i32::MAX);
    let mut estimate = TWO_48_17THS.wrapping_add(high_mul(half_denominator, TWO_32_17THS_NEGATIVE));
    for _ in 0..3 {
        let error = ONE_Q2_29.wrapping_sub(high_mul(half_denominator, estimate));
        estimate = estimate.wrapping_add(saturating_shl(high_mul(estimate, error), 2));
    }
    estimate
}

/// Returns `exp(value)` in Q0.31 of a Q0.31 `value` in [-1/4, 0): four terms of the Taylor series
/// around -1/8.
#[inline(always)]
fn exp_near_zero(value: i32) -> i32 {
    const EXP_OF_MINUS_EIGHTH: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let x = value.wrapping_add(1 << 28);
    let x2 = high_mul(x, x);
    let x3 = high_mul(x2, x);
    let x4_quarter = round_shift(high_mul(x2, x2), 2);
    // x^4/24 + x^3/6 + x^2/2 = ((x^4/4 + x^3) / 3 + x^2) / 2
    let higher = round_shift(high_mul(x4_quarter.wrapping_add(x3), THIRD).wrapping_add(x2), 1);
    EXP_OF_MINUS_EIGHTH.wrapping_add(high_mul(EXP_OF_MINUS_EIGHTH, x.wrapping_add(higher)))
}

/// Returns `(a + b) / 2`, to nearest, ties away from zero.
#[inline(always)]
const fn half_sum(a: i32, b: i32) -> i32 {
    let sum = a as i64 + b as i64;
    ((sum + if sum >= 0 { 1 } else { -1 }) / 2) as i32
}

/// Returns `value * 2^bits`, held at the ends of the range.
#[inline(always)]
const fn saturating_shl(value: i32, bits: u32) -> i32 {
    let wide = (value as i64) << bits;
    if wide > i32::MAX as i64 {
        i32::MAX
    } else if wide < i32::MIN as i64 {
        i32::MIN
    } else {
        wide as i32
    }
}

/// `exp(-2^i)` in Q0.31 for `i` from -2 to 4.
const EXP_FACTORS: [i32; 7] =
    [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];

#[cfg(test)]
mod tests {
    use super::{exp_of_negative, logistic, reciprocal};

    #[test]
    fn exponentials_are_close_to_the_real_ones() {
        for step in 0..=4000 {
            let value = -(step * 500_000);
            let real = (f64::from(value) / f64::from(1 << 26)).exp();
            let ours = f64::from(exp_of_negative(value)) / f64::from(i32::MAX);
            assert!((real - ours).abs() < 2e-7, "exp of raw {value}: {ours}, not {real}");
        }
    }

    #[test]
    fn logistics_are_close_to_the_real_ones() {
        for step in -4290..=4290 {
            let value = step * 500_000;
            let real = 1.0 / (1.0 + (-f64::from(value) / f64::from(1 << 27)).exp());
            let ours = f64::from(logistic(value)) / f64::from(i32::MAX);
            assert!((real - ours).abs() < 2e-7, "logistic of raw {value}: {ours}, not {real}");
        }
        assert_eq!([logistic(i32::MIN), logistic(i32::MAX)].map(|y| y >> 20), [0, 2047]);
    }

    #[test]
    fn reciprocals_are_close_to_the_real_ones() {
        for sum in [1 << 19, (1 << 19) + 1, 700_000, 1 << 22, i32::MAX] {
            let headroom = sum.cast_unsigned().leading_zeros();
            let one_plus_x = f64::from(sum) / f64::from(1_u32 << (31 - headroom));
            let ours = f64::from(reciprocal(sum, headroom)) / f64::from(i32::MAX);
            assert!((1.0 / one_plus_x - ours).abs() < 1e-8, "reciprocal of raw {sum}");
        }
    }
}
