//! Lowers LOGISTIC, `1 / (1 + exp(-x))` of each value, to a table of all values.

use isokern_model::fixed::round_shift;
use isokern_model::operators::exponential::logistic;

use super::byte_table;
use super::q4_27::{Argument, Arguments};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};

/// Lowers the logistic function of each value. The output is in steps of 1/256 from -128, whatever
/// scale the file states, which TFLite Micro does not read.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    if output.tensor.zero_point != i16::from(i8::MIN) {
        return Err(site.fault(OperatorFault::LogisticOutput));
    }
    let arguments = Arguments::new(input.tensor.scale, input.tensor.zero_point);
    let arguments = arguments.ok_or_else(|| site.fault(OperatorFault::ArgumentScale))?;
    byte_table::emit(site, &input, &output, |stored| entry(&arguments, stored));
    Ok(())
}

/// Returns `Logistic` in `kernels/internal/reference/integer_ops/logistic.h`, paths as in
/// [`quantize`](crate::quantize).
fn entry(arguments: &Arguments, stored: i32) -> i32 {
    match arguments.of(stored) {
        Argument::Least => i8::MIN.into(),
        Argument::Greatest => i8::MAX.into(),
        // Q0.31 to steps of 1/256.
        Argument::Raw(argument) => round_shift(logistic(argument), 23) - 128,
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, entry};

    #[test]
    fn entries_are_close_to_the_real_function() {
        for (scale, zero_point) in [(0.0625, 0), (0.043, 11), (0.2, -100), (2_f32.powi(-28), 0)] {
            let arguments = Arguments::new(scale, zero_point).unwrap();
            for x in -128..128 {
                let value = f64::from(i32::from(zero_point) - x) * f64::from(scale);
                let expected = (256.0 / (1.0 + value.exp()) - 128.0).clamp(-128.0, 127.0);
                let found = f64::from(entry(&arguments, x).min(127));
                assert!((found - expected).abs() < 0.51, "{x} of scale {scale}");
            }
        }
    }

    #[test]
    fn steps_too_fine_or_large() {
        assert!(Arguments::new(2_f32.powi(-28) * 0.99, 0).is_none());
        // The radius is zero, and the zero point inside it on the side of the least.
        for scale in [8.0, 1e9, f32::MAX] {
            let arguments = Arguments::new(scale, 3).unwrap();
            assert_eq!((entry(&arguments, 3), entry(&arguments, 4)), (-128, 127), "{scale}");
        }
    }
}
