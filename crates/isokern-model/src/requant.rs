//! From accumulators to output values: bias, scale, zero point and range.

use crate::fixed::{clamp, rescale};

/// The scales that turn accumulators into output values.
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
    /// Returns whether any value is inside.
    #[must_use]
    pub const fn is_range(self) -> bool {
        self.min <= self.max
    }
}

/// Brings the accumulator of `output` to an output value.
#[cfg_attr(target_arch = "riscv32", inline(never))] // Once in firmware, whose flash is short.
#[cfg_attr(not(target_arch = "riscv32"), inline(always))]
#[must_use]
pub fn requantise(requant: &Requant<'_>, output: usize, accumulator: i32) -> i8 {
    let scale_index = if requant.multiplier.len() == 1 { 0 } else { output };
    let multiplier = requant.multiplier.get(scale_index).copied().unwrap_or(0);
    let shift = requant.shift.get(scale_index).copied().unwrap_or(0);
    let value = rescale(accumulator, multiplier, shift).saturating_add(requant.zero_point);
    clamp(value, requant.activation.min, requant.activation.max)
}

/// The scales that bring two values of different scales to one output value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairScales {
    /// Multipliers of first input, second input and output.
    pub multiplier: [i32; 3],
    /// Their shifts, none above zero.
    pub shift: [i8; 3],
    /// Zero points of first input, second input and output.
    pub zero_point: [i32; 3],
    /// Bits both inputs move left before they are scaled.
    pub left_shift: u8,
    /// Least and greatest output value.
    pub activation: Activation,
}

impl PairScales {
    /// Returns the sum of two values.
    ///
    /// Both, less their zero points, move left by `left_shift` bits and are rescaled to a scale
    /// they share; their sum is rescaled to the output's. Source: TensorFlow Lite
    /// `kernels/internal/reference/integer_ops/add.h`.
    #[inline(always)]
    #[must_use]
    pub const fn sum(&self, a: i8, b: i8) -> i8 {
        let [multiplier_a, multiplier_b, multiplier_y] = self.multiplier;
        let [shift_a, shift_b, shift_y] = self.shift;
        let [zero_a, zero_b, zero_y] = self.zero_point;
        let left = self.left_shift as u32;
        let a = (a as i32 - zero_a).wrapping_shl(left);
        let b = (b as i32 - zero_b).wrapping_shl(left);
        let a = rescale(a, multiplier_a, shift_a);
        let total = a.wrapping_add(rescale(b, multiplier_b, shift_b));
        let value = rescale(total, multiplier_y, shift_y).saturating_add(zero_y);
        clamp(value, self.activation.min, self.activation.max)
    }
}
