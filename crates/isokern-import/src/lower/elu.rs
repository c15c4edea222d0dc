//! Lowers ELU, `exp(x) - 1` below zero, to a table of all values.

use super::byte_table;
use super::site::Site;
use crate::error::ImportError;

/// Lowers an exponential linear unit.
///
/// `PopulateLookupTable` in `micro/kernels/elu.cc`, paths as in [`quantize`](crate::quantize): all
/// in `float`.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    let inverse = 1.0 / output.tensor.scale;
    let [zero_x, zero_y] = [&input, &output].map(|value| i32::from(value.tensor.zero_point));
    let scale = input.tensor.scale;
    byte_table::emit(site, &input, &output, |stored| {
        let x = scale * (stored - zero_x) as f32;
        let y = if x < 0.0 { exp(x) - 1.0 } else { x };
        let steps = (y * inverse).round() + zero_y as f32;
        // What no `int32_t` holds becomes the least one on x86-64.
        if (i32::MIN as f32..-(i32::MIN as f32)).contains(&steps) { steps as i32 } else { i32::MIN }
    });
    Ok(())
}

/// Returns `exp(x)` of an `x` not above zero, rounded to `float` once.
///
/// A multiple of `ln 2` and a rest of at most half of that, whose Taylor series of 14 terms is
/// summed up in `double`: an error below 2^-50 before the rounding. No library of the host decides.
fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
    const LN_2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);
    if x < -104.0 {
        return 0.0;
    }
    let x = f64::from(x);
    let multiple = (x * core::f64::consts::LOG2_E).round();
    let rest = (x - multiple * LN_2_HIGH) - multiple * LN_2_LOW;
    let mut sum = 1.0;
    for term in (1..=13).rev() {
        sum = 1.0 + sum * rest / f64::from(term);
    }
    let power = f64::from_bits(((1023 + multiple as i64) as u64) << 52);
    (sum * power) as f32
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn exponentials_are_rounded_once() {
        assert_eq!([0.0, -0.0, -1.0, -0.5].map(exp), [1.0, 1.0, 0.367_879_45, 0.606_530_67]);
        assert_eq!([-104.1, f32::MIN, f32::NEG_INFINITY].map(exp), [0.0; 3]);
        // The least that is not zero, and a subnormal.
        assert_eq!([-103.9, -100.0].map(|x| exp(x).to_bits()), [1, 27]);
        for step in 0..200_000 {
            let x = -(step as f32) * 5.1e-4;
            let (found, real) = (f64::from(exp(x)), f64::from(x).exp());
            let ulp = f64::from(f32::from_bits(exp(x).to_bits() + 1)) - found;
            assert!((found - real).abs() <= 0.500_001 * ulp, "exp({x})");
        }
    }
}
