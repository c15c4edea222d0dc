//! The way from sums of products to output bytes.

use core::cell::Cell;

use isokern_core::Cells;
use isokern_model::requant::Requant;

use isokern_model::fixed::{clamp, rescale};

/// Bias and scale of one output.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    start: i32,
    multiplier: i32,
    shift: i8,
}

impl Scale {
    /// Returns those of `output`, whose weights sum to `weight_sum` and meet activations with this
    /// zero point: what it adds to the sum of products is taken off the bias.
    #[inline(always)]
    pub(super) fn new(
        requant: &Requant<'_>,
        output: usize,
        weight_sum: i32,
        zero_point: i32,
    ) -> Self {
        let index = if requant.multiplier.len() == 1 { 0 } else { output };
        let bias = requant.bias.get(output).copied().unwrap_or(0);
        Self {
            start: bias.wrapping_sub(weight_sum.wrapping_mul(zero_point)),
            multiplier: requant.multiplier.get(index).copied().unwrap_or(0),
            shift: requant.shift.get(index).copied().unwrap_or(0),
        }
    }

    /// Returns the output byte of a sum of products.
    #[inline(always)]
    pub(super) fn value(&self, requant: &Requant<'_>, sum: i32) -> i8 {
        let sum = self.start.wrapping_add(sum);
        let value = rescale(sum, self.multiplier, self.shift).saturating_add(requant.zero_point);
        clamp(value, requant.activation.min, requant.activation.max)
    }
}

/// Where outputs go: whole words if the view and the number of outputs allow.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    cells: Cells<'a>,
    words: Option<&'a [Cell<u32>]>,
}

impl<'a> Target<'a> {
    /// Returns the outputs of positions with `outputs` channels each.
    #[inline(always)]
    pub(super) fn new(cells: Cells<'a>, outputs: usize) -> Self {
        let words = if outputs.is_multiple_of(4) { cells.as_words() } else { None };
        Self { cells, words }
    }

    /// Stores the first `count` of `values`; four if the target has words and `N` is four.
    #[inline(always)]
    pub(super) fn store<const N: usize>(&self, at: usize, count: usize, values: [i8; N]) {
        if let (Some(words), Some(bytes)) = (self.words, values.first_chunk::<4>()) {
            if let Some(word) = words.get(at / 4) {
                word.set(u32::from_le_bytes(bytes.map(i8::cast_unsigned)));
            }
            return;
        }
        for (index, value) in values.into_iter().take(count).enumerate() {
            self.cells.set(at + index, value);
        }
    }
}
