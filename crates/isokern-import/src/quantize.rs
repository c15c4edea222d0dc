//! From real scales to the integers that TFLite Micro computes with.
//!
//! Each function repeats one of TFLite's, with the same types at the same steps:
//! where TFLite multiplies in `float` this does too, because the last bit of a
//! multiplier decides output bytes. Paths are relative to `tensorflow/lite/` of
//! `tensorflow/tflite-micro`.

use isokern_model::requant::Activation;

/// A real multiplier as a Q31 mantissa and a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Multiplier {
    pub(crate) mantissa: i32,
    pub(crate) shift: i8,
}

/// Why a real multiplier has no such form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MultiplierFault {
    /// It is negative, infinite or no number.
    NoNumber,
    /// The shift to the left is greater than the format holds.
    Shift(i32),
    /// It is not below 1, where TFLite demands that.
    NotSmall,
}

/// Parameters of an int8 softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Softmax {
    pub(crate) multiplier: i32,
    pub(crate) left_shift: u8,
    pub(crate) diff_min: i32,
}

/// The activations that TFLite fuses into int8 operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fused {
    None,
    Relu,
    ReluN1To1,
    Relu6,
}

/// Shifts to the left beyond this one would leave a 32-bit accumulator no bits.
const SHIFT_MAX: i32 = 30;

/// Splits a multiplier into mantissa and shift.
///
/// `QuantizeMultiplier` in `kernels/internal/quantization_util.cc`: a mantissa that
/// rounds up to 2^31 is halved; below 2^-32 all is zero, shift included.
pub(crate) fn multiplier(real: f64) -> Result<Multiplier, MultiplierFault> {
    if !(real.is_finite() && real >= 0.0) {
        return Err(MultiplierFault::NoNumber);
    }
    let (fraction, mut shift) = split(real);
    let mut mantissa = (fraction * TWO_POW_31).round() as i64;
    if mantissa == 1 << 31 {
        mantissa /= 2;
        shift += 1;
    }
    if shift < -31 {
        return Ok(Multiplier { mantissa: 0, shift: 0 });
    }
    if shift > SHIFT_MAX {
        return Err(MultiplierFault::Shift(shift));
    }
    Ok(Multiplier { mantissa: mantissa as i32, shift: shift as i8 })
}

/// Splits a multiplier that must be between 0 and 1.
///
/// `QuantizeMultiplierSmallerThanOneExp` in the same file, which checks that the
/// shift is not to the left: a multiplier that rounds up to 1 fails too.
pub(crate) fn multiplier_below_one(real: f64) -> Result<Multiplier, MultiplierFault> {
    if !(real.is_finite() && real > 0.0) {
        return Err(MultiplierFault::NoNumber);
    }
    if real >= 1.0 {
        return Err(MultiplierFault::NotSmall);
    }
    multiplier(real).and_then(|found| match found.shift {
        ..=0 => Ok(found),
        _ => Err(MultiplierFault::NotSmall),
    })
}

/// Returns the multiplier of dot products with these scales.
///
/// `PopulateConvolutionQuantizationParams` in `kernels/kernel_util.cc`, and
/// `micro/kernels/fully_connected_common.cc`: all in `double`. Sources before October 2026 round
/// the product to `float` for a fully connected operator with one scale of weights.
pub(crate) fn dot_scale(input: f32, weights: f32, output: f32) -> f64 {
    f64::from(input) * f64::from(weights) / f64::from(output)
}

/// Returns whether the scale of a bias is that of input times weights, as TFLite measures it.
///
/// The other `GetQuantizedConvolutionMultipler` in `kernels/kernel_util.cc`.
pub(crate) fn bias_scale_fits(input: f32, weights: f32, bias: f32, output: f32) -> bool {
    let product = f64::from(input) * f64::from(weights);
    (product - f64::from(bias)).abs() / f64::from(output) <= 0.02
}

/// Bits that both summands of an int8 ADD move left.
pub(crate) const ADD_LEFT_SHIFT: u8 = 20;

/// Returns the multipliers of both inputs and the output of an ADD.
///
/// `CalculateOpDataAdd` in `micro/kernels/add_common.cc`.
pub(crate) fn add(a: f32, b: f32, output: f32) -> Result<[Multiplier; 3], MultiplierFault> {
    let twice_max = 2.0 * f64::from(a.max(b));
    let enlarged = f64::from(1_u32 << ADD_LEFT_SHIFT);
    Ok([
        multiplier_below_one(f64::from(a) / twice_max)?,
        multiplier_below_one(f64::from(b) / twice_max)?,
        multiplier_below_one(twice_max / (enlarged * f64::from(output)))?,
    ])
}

/// Returns the multipliers of both inputs and the output of a SUB.
///
/// `CalculateOpDataSub` in `micro/kernels/sub_common.cc`: all in `double`, as for ADD. Sources
/// before October 2026 have `float` there, which gives other bytes where results are ties.
pub(crate) fn sub(a: f32, b: f32, output: f32) -> Result<[Multiplier; 3], MultiplierFault> {
    let twice_max = 2.0 * f64::from(a.max(b));
    let enlarged = f64::from(1_u32 << ADD_LEFT_SHIFT) * f64::from(output);
    Ok([
        multiplier_below_one(f64::from(a) / twice_max)?,
        multiplier_below_one(f64::from(b) / twice_max)?,
        multiplier_below_one(twice_max / enlarged)?,
    ])
}

/// Bits that both operands of an int8 SQUARED_DIFFERENCE move left.
pub(crate) const SQUARED_DIFFERENCE_LEFT_SHIFT: u8 = 7;

/// Returns the multipliers of both inputs and the output of a SQUARED_DIFFERENCE.
///
/// `PrepareQuantized` in `micro/kernels/squared_difference.cc`: the enlarged output scale is a
/// `float`, all else `double`.
pub(crate) fn squared_difference(
    a: f32,
    b: f32,
    output: f32,
) -> Result<[Multiplier; 3], MultiplierFault> {
    let twice_max = 2.0 * f64::from(a.max(b));
    let enlarged = (1_u32 << (2 * SQUARED_DIFFERENCE_LEFT_SHIFT)) as f32 * output;
    Ok([
        multiplier_below_one(f64::from(a) / twice_max)?,
        multiplier_below_one(f64::from(b) / twice_max)?,
        multiplier(twice_max * twice_max / f64::from(enlarged))?,
    ])
}

/// Bits that both operands of an int8 comparison move left
/// (`ComparisonsPrepare` in `micro/kernels/comparisons.cc`).
pub(crate) const COMPARISON_LEFT_SHIFT: u8 = 8;

/// Returns the multiplier from one scale to another.
pub(crate) fn rescaling(input: f32, output: f32) -> f64 {
    f64::from(input) / f64::from(output)
}

/// Returns a multiplier that also divides by a number of terms above 0.
///
/// `QuantizedMeanOrSum` in `kernels/internal/reference/reduce.h`: as many bits as the number has
/// come from the shift before the division, which truncates.
pub(crate) fn divided(multiplier: Multiplier, terms: u32) -> Multiplier {
    let bits = terms.max(1).ilog2() as i32;
    let bits = bits.min(31 + i32::from(multiplier.shift));
    let mantissa = (i64::from(multiplier.mantissa) << bits) / i64::from(terms.max(1));
    Multiplier { mantissa: mantissa as i32, shift: (i32::from(multiplier.shift) - bits) as i8 }
}

/// Returns the multiplier, shift and cut-off of a softmax; none where the steps are too fine.
///
/// `PreprocessSoftmaxScaling` and `CalculateInputRadius` in
/// `kernels/internal/quantization_util.cc`, for five integer bits.
pub(crate) fn softmax(beta: f32, input: f32) -> Option<Softmax> {
    const INTEGER_BITS: i32 = 5;
    const FRACTION_BITS: i32 = 31 - INTEGER_BITS;
    let unit = f64::from(1 << FRACTION_BITS);
    let real = (f64::from(beta) * f64::from(input) * unit).min(TWO_POW_31 - 1.0);
    // `min` would hide that the product is no number.
    if !(beta.is_finite() && input.is_finite() && real > 1.0) {
        return None;
    }
    let (fraction, shift) = split(real);
    let mantissa = (fraction * TWO_POW_31).round() as i64;
    let (mantissa, shift) =
        if mantissa == 1 << 31 { (mantissa / 2, shift + 1) } else { (mantissa, shift) };
    let radius = f64::from((1 << INTEGER_BITS) - 1) * unit / (1_i64 << shift) as f64;
    Some(Softmax {
        multiplier: mantissa as i32,
        left_shift: shift as u8,
        diff_min: -(radius.floor() as i32),
    })
}

/// Returns the range a fused activation leaves; none where its bounds exceed 32 bits.
///
/// `CalculateActivationRangeQuantized` in `kernels/kernel_util.cc`; the division is
/// in `float`.
pub(crate) fn activation_range(fused: Fused, scale: f32, zero_point: i8) -> Option<Activation> {
    let quantize = |real: f32| -> Option<i64> {
        let steps = (real / scale).round();
        let fits = (i32::MIN as f32..=i32::MAX as f32).contains(&steps);
        fits.then(|| i64::from(zero_point) + steps as i64)
    };
    let clamp = |value: i64| value.clamp(i8::MIN.into(), i8::MAX.into()) as i8;
    let (least, greatest) = match fused {
        Fused::None => (None, None),
        Fused::Relu => (Some(0.0), None),
        Fused::ReluN1To1 => (Some(-1.0), Some(1.0)),
        Fused::Relu6 => (Some(0.0), Some(6.0)),
    };
    let min = least.map_or(Some(i8::MIN), |real| quantize(real).map(clamp))?;
    let max = greatest.map_or(Some(i8::MAX), |real| quantize(real).map(clamp))?;
    Some(Activation { min, max })
}

const TWO_POW_31: f64 = 2_147_483_648.0;

/// Computes C's `frexp` for numbers that are finite and not negative: a fraction from 1/2 to 1 (or
/// zero), and the power of two that belongs to it.
fn split(real: f64) -> (f64, i32) {
    const EXPONENT_MASK: u64 = 0x7ff << 52;
    const HALF: u64 = 1022 << 52;
    if real == 0.0 {
        return (0.0, 0);
    }
    // A subnormal has its exponent in its fraction; 2^54 makes it normal.
    let subnormal = real < f64::MIN_POSITIVE;
    let bits = if subnormal { real * 2_f64.powi(54) } else { real }.to_bits();
    let exponent = ((bits & EXPONENT_MASK) >> 52) as i32 - 1022;
    let fraction = f64::from_bits(bits & !EXPONENT_MASK | HALF);
    (fraction, if subnormal { exponent - 54 } else { exponent })
}

#[cfg(test)]
mod tests {
    use super::{
        Activation, Fused, Multiplier, MultiplierFault, Softmax, activation_range, add,
        bias_scale_fits, divided, dot_scale, multiplier, multiplier_below_one, softmax, split,
        squared_difference, sub,
    };

    #[test]
    fn splitting_is_frexp() {
        assert_eq!(split(1.0), (0.5, 1));
        assert_eq!(split(0.5), (0.5, 0));
        assert_eq!(split(0.75), (0.75, 0));
        assert_eq!(split(6.0), (0.75, 3));
        assert_eq!(split(f64::from_bits(1)), (0.5, -1073));
        assert_eq!(split(f64::MIN_POSITIVE), (0.5, -1021));
        assert_eq!(split(f64::MAX).1, 1024);
    }

    #[test]
    fn multipliers_at_their_edges() {
        let found = |real: f64| multiplier(real).map(|m| (m.mantissa, m.shift));
        assert_eq!(found(0.0), Ok((0, 0)));
        assert_eq!(found(1.0), Ok((1 << 30, 1)));
        assert_eq!(found(0.5), Ok((1 << 30, 0)));
        // The mantissa rounds up to 2^31, and the exponent takes it.
        assert_eq!(found(1.0 - f64::EPSILON), Ok((1 << 30, 1)));
        assert_eq!(found(0.5 - 2_f64.powi(-34)), Ok((1 << 30, 0)));
        // 2^-32 still has a shift of -31; everything below is zero.
        assert_eq!(found(2_f64.powi(-32)), Ok((1 << 30, -31)));
        assert_eq!(found(2_f64.powi(-33)), Ok((0, 0)));
        assert_eq!(found(2_f64.powi(-32) - 2_f64.powi(-80)), Ok((1 << 30, -31)));
        assert_eq!(found(2_f64.powi(-32) * 0.999), Ok((0, 0)));
        assert_eq!(found(2_f64.powi(29)), Ok((1 << 30, 30)));
        assert_eq!(found(2_f64.powi(30)), Err(MultiplierFault::Shift(31)));
        assert_eq!(found(-0.1), Err(MultiplierFault::NoNumber));
        assert_eq!(found(f64::NAN), Err(MultiplierFault::NoNumber));
        assert_eq!(found(f64::INFINITY), Err(MultiplierFault::NoNumber));
    }

    #[test]
    fn ties_round_away_from_zero() {
        // 2^30 + 1/2 in units of 2^-31.
        let real = (2_f64.powi(30) + 0.5) / 2_f64.powi(31);
        assert_eq!(multiplier(real), Ok(Multiplier { mantissa: (1 << 30) + 1, shift: 0 }));
    }

    #[test]
    fn below_one_means_without_left_shift() {
        assert_eq!(multiplier_below_one(0.5), Ok(Multiplier { mantissa: 1 << 30, shift: 0 }));
        assert_eq!(multiplier_below_one(1.0), Err(MultiplierFault::NotSmall));
        assert_eq!(multiplier_below_one(1.0 - f64::EPSILON), Err(MultiplierFault::NotSmall));
        assert_eq!(multiplier_below_one(0.0), Err(MultiplierFault::NoNumber));
    }

    #[test]
    fn products_of_scales_are_double() {
        let (input, weights, output) = (0.391_015_23, 0.003_951_472_7, 0.049_459_13);
        let single = f64::from(input * weights) / f64::from(output);
        assert_ne!(multiplier(dot_scale(input, weights, output)), multiplier(single));
        assert!(bias_scale_fits(input, weights, input * weights, output));
        assert!(!bias_scale_fits(input, weights, 1.0, output));
    }

    #[test]
    fn sums_share_the_greater_scale() {
        let [a, b, output] = add(0.5, 0.25, 0.5).unwrap();
        assert_eq!(a, Multiplier { mantissa: 1 << 30, shift: 0 });
        assert_eq!(b, Multiplier { mantissa: 1 << 30, shift: -1 });
        assert_eq!(output, Multiplier { mantissa: 1 << 30, shift: -18 });
        assert_eq!(add(1.0, 1.0, 1e-9), Err(MultiplierFault::NotSmall));
        // An input so fine that nothing of it is left.
        assert_eq!(add(1.0, 1e-12, 1.0).unwrap()[1], Multiplier { mantissa: 0, shift: 0 });
    }

    #[test]
    fn differences_share_the_greater_scale_in_double() {
        // Twice 0.07 over 2^20 times 0.06 in `float` is one unit in the last place less.
        assert_eq!(sub(0.05, 0.07, 0.06), add(0.05, 0.07, 0.06));
        let single = 2.0 * 0.07_f32 / (1048576.0 * 0.06_f32);
        assert_ne!(multiplier(single.into()).unwrap(), sub(0.05, 0.07, 0.06).unwrap()[2]);
        assert_eq!(sub(1.0, 1.0, 1e-9), Err(MultiplierFault::NotSmall));
    }

    #[test]
    fn squares_have_twice_the_bits() {
        let [a, b, output] = squared_difference(0.5, 0.25, 0.5).unwrap();
        assert_eq!([a, b], [0, -1].map(|shift| Multiplier { mantissa: 1 << 30, shift }));
        // 1 / (2^14 * 0.5).
        assert_eq!(output, Multiplier { mantissa: 1 << 30, shift: -12 });
    }

    #[test]
    fn a_mean_divides_what_it_has_shifted_and_truncates() {
        let unit = Multiplier { mantissa: 1 << 30, shift: 1 };
        assert_eq!(divided(unit, 1), unit);
        // 2^32 / 7 is 613 566 756.57.
        assert_eq!(divided(unit, 7), Multiplier { mantissa: 613_566_756, shift: -1 });
        assert_eq!(divided(unit, 8), Multiplier { mantissa: 1 << 30, shift: -2 });
        // No more bits than the shift to the right has left.
        let far = Multiplier { mantissa: 1 << 30, shift: -30 };
        assert_eq!(divided(far, 1000), Multiplier { mantissa: 2_147_483, shift: -31 });
    }

    #[test]
    fn softmax_is_capped_and_cut_off() {
        // One step is 1/16: 2^22 in Q5.26, a shift of 23, and 31 * 2^26 / 2^23.
        let found = softmax(1.0, 0.0625);
        assert_eq!(found, Some(Softmax { multiplier: 1 << 30, left_shift: 23, diff_min: -248 }));
        let capped = softmax(10.0, 40.0);
        let expected = Softmax { multiplier: i32::MAX, left_shift: 31, diff_min: 0 };
        assert_eq!(capped, Some(expected));
        assert_eq!(softmax(1.0, 1e-9), None);
        assert_eq!(softmax(f32::NAN, 1.0), None);
        assert_eq!(softmax(0.0, 1.0), None);
    }

    #[test]
    fn activations_clamp_where_tflite_clamps() {
        let range = |fused, scale, zero_point| {
            activation_range(fused, scale, zero_point).map(|Activation { min, max }| (min, max))
        };
        assert_eq!(range(Fused::None, 0.1, 3), Some((-128, 127)));
        assert_eq!(range(Fused::Relu, 0.1, 3), Some((3, 127)));
        assert_eq!(range(Fused::Relu6, 0.1, -128), Some((-128, -68)));
        assert_eq!(range(Fused::Relu6, 0.01, 0), Some((0, 127)));
        // 1 / 0.4 is a tie: away from zero on both sides.
        assert_eq!(range(Fused::ReluN1To1, 0.4, 1), Some((-2, 4)));
        assert_eq!(range(Fused::Relu6, 1e-10, 0), None);
    }
}
