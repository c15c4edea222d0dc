//! Lowers LOGISTIC, `1 / (1 + exp(-x))` of each value, to a table of all values.

use isokern_model::encode::{Constant, DraftOp};
use isokern_model::fixed::{clamp, rescale, round_shift};
use isokern_model::operators::exponential::logistic;
use isokern_model::operators::table::{TABLE_ENTRIES, Table};

use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::quantize::{self, Multiplier, MultiplierFault};

/// The only output scale of an int8 logistic function; its zero point is -128.
const OUTPUT_SCALE: f32 = 1.0 / 256.0;
/// Bits behind the point of the function's argument, which has four before it.
const FRACTION_BITS: u32 = 27;
/// Arguments from here on count as infinite.
const ARGUMENT_MAX: i64 = 15 << FRACTION_BITS;

/// Lowers the logistic function of each value.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let input = site.input(0, "input")?;
    let output = site.output()?;
    site.shape(&output, &input.tensor.dims)?;
    if output.tensor.scale != OUTPUT_SCALE || output.tensor.zero_point != i16::from(i8::MIN) {
        return Err(site.fault(OperatorFault::SoftmaxOutput));
    }
    let found = table(input.tensor.scale, input.tensor.zero_point);
    let table = found.ok_or_else(|| site.fault(OperatorFault::LogisticScale))?;
    let op = DraftOp::new::<Table>(&[], &[input.place], &[output.place]);
    site.emit(op.with_constants(vec![Constant::of(&table)]));
    Ok(())
}

/// The output for each input; none where the steps are too fine.
///
/// `CalculateArithmeticOpDataLogistic` in `micro/kernels/logistic_common.cc` and `Logistic` in
/// `kernels/internal/reference/integer_ops/logistic.h`, paths as in [`quantize`]. TFLite shifts by
/// a negative number where a step is below 2^-28, which C does not define.
fn table(scale: f32, zero_point: i16) -> Option<[i8; TABLE_ENTRIES]> {
    let real = f64::from(scale) * f64::from(1 << FRACTION_BITS);
    let multiplier = match quantize::multiplier(real) {
        Ok(found) => found,
        // Steps of 8 or more: the radius is zero.
        Err(MultiplierFault::Shift(_)) => Multiplier { mantissa: 1 << 30, shift: 31 },
        Err(MultiplierFault::NoNumber | MultiplierFault::NotSmall) => return None,
    };
    let shift = u32::try_from(multiplier.shift).ok()?;
    let radius = (ARGUMENT_MAX >> shift) as i32;
    let entry = |index: usize| {
        let input = index as i32 - 128 - i32::from(zero_point);
        if input <= -radius {
            return i8::MIN;
        }
        if input >= radius {
            return i8::MAX;
        }
        let value = logistic(rescale(input, multiplier.mantissa, multiplier.shift));
        // Q0.31 to steps of 1/256.
        clamp(round_shift(value, 23) - 128, i8::MIN, i8::MAX)
    };
    Some(core::array::from_fn(entry))
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn tables_are_close_to_the_real_function() {
        for (scale, zero_point) in [(0.0625, 0), (0.043, 11), (0.2, -100), (2_f32.powi(-28), 0)] {
            let table = table(scale, zero_point).unwrap();
            for (entry, x) in table.iter().zip(-128_i16..) {
                let real = 1.0 / (1.0 + (f64::from(zero_point - x) * f64::from(scale)).exp());
                let expected = (real * 256.0 - 128.0).clamp(-128.0, 127.0);
                assert!((f64::from(*entry) - expected).abs() < 0.51, "{x} of scale {scale}");
            }
        }
    }

    #[test]
    fn steps_too_fine_or_large() {
        assert_eq!(table(2_f32.powi(-28) * 0.99, 0), None);
        // The radius is zero, and the zero point inside it on the side of the least.
        for scale in [8.0, 1e9, f32::MAX] {
            let table = table(scale, 3).unwrap();
            assert_eq!((table[131], table[132]), (-128, 127), "scale {scale}");
        }
    }
}
