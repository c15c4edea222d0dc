//! From accumulators to output values: bias, scale, zero point and range.

use crate::fixed::{clamp, rescale};

/// How accumulators become output values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requant<'m> {
    /// One bias per output.
    pub bias: &'m [i32],
    /// One Q31 multiplier per output, or one for all.
    pub multiplier: &'m [i32],
    /// One shift per multiplier; above zero is to the left.
    pub shift: &'m [i8],
    /// Zero point of the output.
    pub zero_point: i32,
    /// Least and greatest output value.
    pub activation: Activation,
}

/// The range a fused activation leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation {
    /// Least output value.
    pub min: i8,
    /// Greatest output value.
    pub max: i8,
}

impl Activation {
    /// Whether any value is inside.
    #[must_use]
    pub const fn is_range(self) -> bool {
        self.min <= self.max
    }
}

/// Brings the accumulator of `output` to an output value.
#[inline]
#[must_use]
pub fn requantise(requant: &Requant<'_>, output: usize, accumulator: i32) -> i8 {
    let scale_index = if requant.multiplier.len() == 1 { 0 } else { output };
    let multiplier = requant.multiplier.get(scale_index).copied().unwrap_or(0);
    let shift = requant.shift.get(scale_index).copied().unwrap_or(0);
    let value = rescale(accumulator, multiplier, shift).saturating_add(requant.zero_point);
    clamp(value, requant.activation.min, requant.activation.max)
}
