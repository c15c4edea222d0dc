//! Biases, multipliers and shifts of four outputs at a time.

use core::cell::Cell;

use isokern_model::requant::Requant;

use isokern_model::fixed::{clamp, rescale};

/// Outputs that share an activation.
pub(super) const OUTPUTS: usize = 4;

/// What requantises four outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale<'a> {
    pub(super) bias: &'a [i32; OUTPUTS],
    multiplier: &'a [i32; OUTPUTS],
    shift: &'a [i8; OUTPUTS],
}

impl Scale<'_> {
    /// Requantises and stores as many sums as there are cells.
    #[inline(always)]
    pub(super) fn store(&self, cells: &[Cell<i8>], sums: [i32; OUTPUTS], requant: &Requant<'_>) {
        let (zero_point, activation) = (requant.zero_point, requant.activation);
        let scales = self.multiplier.iter().zip(self.shift);
        for ((cell, sum), (multiplier, shift)) in cells.iter().zip(sums).zip(scales) {
            let value = rescale(sum, *multiplier, *shift).saturating_add(zero_point);
            cell.set(clamp(value, activation.min, activation.max));
        }
    }
}

/// The scales of an operator's outputs, four after another.
#[derive(Debug)]
pub(super) struct Scales<'a> {
    bias: &'a [i32],
    multiplier: &'a [i32],
    shift: &'a [i8],
    /// One pair for all outputs, or the last outputs', fewer than four.
    filled: ([i32; OUTPUTS], [i32; OUTPUTS], [i8; OUTPUTS]),
}

impl<'a> Scales<'a> {
    #[inline]
    pub(super) fn new(requant: &Requant<'a>) -> Self {
        let first = |values: &[i32]| values.first().copied().unwrap_or(0);
        let shift = requant.shift.first().copied().unwrap_or(0);
        Self {
            bias: requant.bias,
            multiplier: requant.multiplier,
            shift: requant.shift,
            filled: ([0; OUTPUTS], [first(requant.multiplier); OUTPUTS], [shift; OUTPUTS]),
        }
    }

    /// The scales of the four outputs of a block.
    #[inline(always)]
    pub(super) fn block(&self, block: usize) -> Option<Scale<'_>> {
        let bias = self.bias.as_chunks().0.get(block)?;
        if self.multiplier.len() == 1 {
            return Some(Scale { bias, multiplier: &self.filled.1, shift: &self.filled.2 });
        }
        let multiplier = self.multiplier.as_chunks().0.get(block)?;
        let shift = self.shift.as_chunks().0.get(block)?;
        Some(Scale { bias, multiplier, shift })
    }

    /// Those of the outputs after the last whole block.
    #[inline]
    pub(super) fn rest(&mut self) -> Scale<'_> {
        copy(&mut self.filled.0, self.bias.as_chunks::<OUTPUTS>().1);
        if self.multiplier.len() > 1 {
            copy(&mut self.filled.1, self.multiplier.as_chunks::<OUTPUTS>().1);
            copy(&mut self.filled.2, self.shift.as_chunks::<OUTPUTS>().1);
        }
        Scale { bias: &self.filled.0, multiplier: &self.filled.1, shift: &self.filled.2 }
    }
}

#[inline]
fn copy<V: Copy>(target: &mut [V; OUTPUTS], source: &[V]) {
    for (target, value) in target.iter_mut().zip(source) {
        *target = *value;
    }
}
