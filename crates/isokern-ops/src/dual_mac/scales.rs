//! Biases, multipliers and shifts of four outputs at a time.

use core::cell::Cell;

use isokern_model::op::Requant;

use crate::fixed::{clamp, rescale};

/// Outputs that share an activation.
pub(super) const OUTPUTS: usize = 4;

/// What requantises four outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) bias: [i32; OUTPUTS],
    multiplier: [i32; OUTPUTS],
    shift: [i8; OUTPUTS],
}

impl Scale {
    /// Requantises and stores as many sums as there are cells.
    #[inline]
    pub(super) fn store(&self, cells: &[Cell<i8>], sums: [i32; OUTPUTS], requant: &Requant<'_>) {
        let scales = self.multiplier.iter().zip(&self.shift);
        for ((cell, sum), (multiplier, shift)) in cells.iter().zip(sums).zip(scales) {
            let value = rescale(sum, *multiplier, *shift).saturating_add(requant.zero_point);
            cell.set(clamp(value, requant.activation.min, requant.activation.max));
        }
    }
}

/// The scales of an operator, four outputs after another.
pub(super) struct Scales<'a> {
    bias: &'a [i32],
    multiplier: &'a [i32],
    shift: &'a [i8],
    shared: Option<(i32, i8)>,
}

impl<'a> Scales<'a> {
    #[inline]
    pub(super) const fn new(requant: &Requant<'a>) -> Self {
        let shared = match (requant.multiplier, requant.shift) {
            ([multiplier], [shift]) => Some((*multiplier, *shift)),
            _ => None,
        };
        let (multiplier, shift) = (requant.multiplier, requant.shift);
        Self { bias: requant.bias, multiplier, shift, shared }
    }

    /// The next four outputs'.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Scale> {
        let (bias, biases) = self.bias.split_first_chunk()?;
        self.bias = biases;
        if let Some((multiplier, shift)) = self.shared {
            let (multiplier, shift) = ([multiplier; OUTPUTS], [shift; OUTPUTS]);
            return Some(Scale { bias: *bias, multiplier, shift });
        }
        let (multiplier, multipliers) = self.multiplier.split_first_chunk()?;
        let (shift, shifts) = self.shift.split_first_chunk()?;
        (self.multiplier, self.shift) = (multipliers, shifts);
        Some(Scale { bias: *bias, multiplier: *multiplier, shift: *shift })
    }

    /// Those of the last, fewer than four.
    #[inline]
    pub(super) fn rest(&self) -> Scale {
        let (multiplier, shift) = self.shared.unwrap_or_default();
        let mut rest = Scale {
            bias: [0; OUTPUTS],
            multiplier: [multiplier; OUTPUTS],
            shift: [shift; OUTPUTS],
        };
        for (target, value) in rest.bias.iter_mut().zip(self.bias) {
            *target = *value;
        }
        if self.shared.is_none() {
            let scales = self.multiplier.iter().zip(self.shift);
            let targets = rest.multiplier.iter_mut().zip(&mut rest.shift);
            for ((multiplier, shift), (new_multiplier, new_shift)) in targets.zip(scales) {
                (*multiplier, *shift) = (*new_multiplier, *new_shift);
            }
        }
        rest
    }
}
