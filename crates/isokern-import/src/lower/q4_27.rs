//! Arguments of LOGISTIC and TANH: values in Q4.27, and the values that count as infinite.

use isokern_model::fixed::rescale;

use crate::quantize::{self, Multiplier, MultiplierFault};

/// Bits after the point of an argument, which has four before it.
const FRACTION_BITS: u32 = 27;
/// Arguments from here on count as infinite.
const ARGUMENT_MAX: i64 = 15 << FRACTION_BITS;

/// How a quantised value becomes an argument.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments {
    multiplier: Multiplier,
    zero_point: i32,
    /// Differences from the zero point from here on count as infinite.
    radius: i32,
}

/// An argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// Too small to tell from minus infinity.
    Least,
    /// In Q4.27.
    Raw(i32),
    /// Too great to tell from infinity.
    Greatest,
}

impl Arguments {
    /// Returns the arguments of inputs of a scale; none where the steps are too fine.
    ///
    /// `CalculateArithmeticOpDataLogistic` in `micro/kernels/logistic_common.cc` and
    /// `CalculateArithmeticOpData` in `tanh.cc` there, paths as in [`quantize`]. TFLite shifts by a
    /// negative number where a step is below 2^-28, which C does not define.
    pub(super) fn new(scale: f32, zero_point: i16) -> Option<Self> {
        let real = f64::from(scale) * f64::from(1 << FRACTION_BITS);
        let multiplier = match quantize::multiplier(real) {
            Ok(found) => found,
            // Steps of 8 or more: the radius is zero.
            Err(MultiplierFault::Shift(_)) => Multiplier { mantissa: 1 << 30, shift: 31 },
            Err(MultiplierFault::NoNumber | MultiplierFault::NotSmall) => return None,
        };
        let shift = u32::try_from(multiplier.shift).ok()?;
        let radius = (ARGUMENT_MAX >> shift) as i32;
        Some(Self { multiplier, zero_point: zero_point.into(), radius })
    }

    /// Returns the argument of a stored value.
    pub(super) fn of(&self, stored: i32) -> Argument {
        let input = stored - self.zero_point;
        if input <= -self.radius {
            Argument::Least
        } else if input >= self.radius {
            Argument::Greatest
        } else {
            Argument::Raw(rescale(input, self.multiplier.mantissa, self.multiplier.shift))
        }
    }
}
