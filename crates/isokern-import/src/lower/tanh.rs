//! Lowers TANH, the hyperbolic tangent of each value, to a table of all values.

use isokern_model::fixed::round_shift;
use isokern_model::operators::exponential::tanh;

use super::byte_table;
use super::q4_27::{Argument, Arguments};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};

/// Lowers the hyperbolic tangent of each value. The output is in steps of 1/128 from 0, whatever
/// scale the file states, which TFLite Micro does not read.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    let (input, output) = byte_table::ends(site)?;
    let arguments = Arguments::new(input.tensor.scale, input.tensor.zero_point);
    let arguments = arguments.ok_or_else(|| site.fault(OperatorFault::ArgumentScale))?;
    byte_table::emit(site, &input, &output, |stored| entry(&arguments, stored));
    Ok(())
}

/// Returns `Tanh` in `kernels/internal/reference/integer_ops/tanh.h`, paths as in
/// [`quantize`](crate::quantize).
fn entry(arguments: &Arguments, stored: i32) -> i32 {
    match arguments.of(stored) {
        Argument::Least => i8::MIN.into(),
        Argument::Greatest => i8::MAX.into(),
        // Q0.31 to steps of 1/128.
        Argument::Raw(argument) => round_shift(tanh(argument), 24),
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
                let value = f64::from(x - i32::from(zero_point)) * f64::from(scale);
                let expected = (128.0 * value.tanh()).clamp(-128.0, 127.0);
                let found = f64::from(entry(&arguments, x).min(127));
                assert!((found - expected).abs() < 0.51, "{x} of scale {scale}");
            }
        }
    }
}
