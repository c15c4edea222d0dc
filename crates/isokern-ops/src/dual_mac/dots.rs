//! Fully connected operators: four outputs share an activation.
//!
//! The activations of a row come as many at a time as a [`Patch`] holds, and are added to the sums
//! of up to [`SUMS`] outputs. Both are on the stack, which firmware has little of.

use core::ops::Range;

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::operators::fully_connected::FullyConnectedView;
use isokern_model::requant::Requant;
use isokern_model::weights::Weights;

use super::patch::{PATCH_TERMS, Patch};
use super::{DualMac, Halves};
use crate::depthwise::{high, low};
use crate::scale::{Scale, is_whole, limit};

/// Outputs whose sums are kept at a time.
const SUMS: usize = 64;

/// Runs the calling rank's share of a fully connected operator; a tile is one row.
#[inline(never)]
pub(super) fn fully_connected<D: DualMac, T: Team>(
    team: &T,
    op: &FullyConnectedView<'_>,
    memory: &Memory<'_>,
) {
    let (x, y) = (memory.view(&op.input), memory.view(&op.output));
    let (outputs, terms) = (op.weights.outputs.max(1), op.weights.terms.row_terms);
    let mut patch = Patch::new(op.input.zero_point());
    let mut sums = Sums { values: [0; SUMS], outputs: 0..0 };
    for row in team.share(y.len() / outputs) {
        let mut first = 0;
        while first < outputs {
            sums.load(&op.requant, first..outputs.min(first + SUMS));
            let mut term = 0;
            while term < terms {
                let len = PATCH_TERMS.min(terms - term);
                let xs = patch.widen::<D>(x.window(row * terms + term, len));
                sums.add::<D>(&op.weights, term, xs);
                term += len;
            }
            sums.store::<D>(&op.requant, y.window(row * outputs, outputs));
            first += SUMS;
        }
    }
}

/// The sums of some neighbouring outputs.
struct Sums {
    values: [i32; SUMS],
    outputs: Range<usize>,
}

impl Sums {
    /// Starts with the biases of at most [`SUMS`] outputs.
    #[inline]
    fn load(&mut self, requant: &Requant<'_>, outputs: Range<usize>) {
        let biases = requant.bias.get(outputs.start..).unwrap_or(&[]);
        for (value, bias) in self.values.iter_mut().zip(biases) {
            *value = *bias;
        }
        self.outputs = outputs;
    }

    /// Adds the products of `xs` with each output's weights from `first_term` on.
    #[inline]
    fn add<D: DualMac>(&mut self, weights: &Weights<'_>, first_term: usize, xs: &[Halves]) {
        let stride = weights.terms.count();
        let start = self.outputs.start * stride + first_term;
        let mut rows = weights.values.get(start..).unwrap_or(&[]);
        let values = self.values.get_mut(..self.outputs.len()).unwrap_or(&mut []);
        for sums in values.chunks_mut(4) {
            // Zeros at the end of the last group meet the weights that follow. Behind
            // the very last row there are none: its products are added one by one.
            let is_followed = rows.len() >= 3 * stride + 4 * xs.len();
            match sums.as_mut_array::<4>() {
                Some(sums) if is_followed => *sums = D::four_rows(xs, rows, stride, *sums),
                _ => one_by_one(xs, rows, stride, sums),
            }
            rows = rows.get(4 * stride..).unwrap_or(&[]);
        }
    }

    /// Requantises the sums and stores them at their outputs.
    #[inline]
    fn store<D: DualMac>(&self, requant: &Requant<'_>, y: Cells<'_>) {
        let cells = y.window(self.outputs.start, self.outputs.len()).as_slice();
        let sums = cells.iter().zip(&self.values);
        for (output, (cell, sum)) in self.outputs.clone().zip(sums) {
            cell.set(D::requantised_wide(*sum, Scale::of(requant, output), requant.zero_point));
        }
        if !is_whole(requant.activation) {
            limit(cells, requant.activation);
        }
    }
}

/// Adds the products of `xs` with rows of weights that start `stride` apart, the last
/// of which may end early.
#[inline(never)] // Seldom called.
fn one_by_one(xs: &[Halves], rows: &[i8], stride: usize, sums: &mut [i32]) {
    for (index, sum) in sums.iter_mut().enumerate() {
        let row = rows.get(index * stride..).unwrap_or(&[]);
        for (term, weight) in row.iter().take(4 * xs.len()).enumerate() {
            // Even terms are in the first word, each second of them in the upper half.
            let words = xs.get(term / 4).unwrap_or(&[0; 2]);
            let word = if term.is_multiple_of(2) { words[0] } else { words[1] };
            let x = if term & 2 == 0 { low(word) } else { high(word) };
            *sum = sum.wrapping_add(x * i32::from(*weight));
        }
    }
}
