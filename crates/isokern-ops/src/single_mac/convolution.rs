//! Convolutions: two positions by two outputs at a time.
//!
//! The activations of two positions come in *passes*, as many terms at a time as a
//! [`PositionPair`] holds, and are added to the sums of up to [`SUMS`] outputs. Both are on the
//! stack, which firmware has little of.

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::operators::conv2d::Conv2dView;
use isokern_model::requant::Requant;
use isokern_model::weights::Weights;

use super::position_pair::{PositionPair, TERMS};
use super::{Pair, SingleMac};
use crate::passes::Passes;
use crate::scale::{Scale, have_room, is_whole, limit, requantised};
use crate::windows::Windows;

/// Outputs whose sums are kept at a time.
const SUMS: usize = 16;

/// Runs the calling rank's share of a convolution; a tile is two positions.
#[inline(never)]
pub(super) fn run<M: SingleMac, T: Team>(team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
    let (x, y) = (memory.view(&op.input), memory.view(&op.output));
    let (output, terms) = (op.output.image(), op.weights.terms);
    let windows = Windows { input: op.input.image(), window: &op.window, width: output.width };
    let outputs = output.channels;
    let has_room = have_room(&op.requant, terms.count());
    let is_one_pass = terms.count() <= TERMS;
    let mut words = [[0; 2]; TERMS];
    let mut pair = PositionPair::new(&mut words, op.input.zero_point());
    let mut values = [[0; 4]; SUMS / 2];
    let mut sums = Sums { values: &mut values, first: 0, len: 0 };
    for tile in team.share(output.positions().div_ceil(2)) {
        // An odd last position is there twice.
        let positions = [2 * tile, (2 * tile + 1).min(output.positions() - 1)];
        let mut first = 0;
        while first < outputs {
            sums.load(&op.requant, first, SUMS.min(outputs - first));
            for pass in Passes::new(terms, TERMS) {
                if first == 0 || !is_one_pass {
                    pair.gather(&windows, x, positions, &pass);
                }
                let first_term = pass.rows.start * terms.row_terms + pass.terms.start;
                sums.add::<M>(&op.weights, first_term, pair.terms(&pass));
            }
            sums.store::<M>(
                (&op.requant, has_room),
                y,
                positions.map(|position| position * outputs),
            );
            first += SUMS;
        }
        if !is_whole(op.requant.activation) {
            let [first, last] = positions;
            let cells = y.window(first * outputs, (last + 1 - first) * outputs);
            limit(cells.as_slice(), op.requant.activation);
        }
    }
}

/// The sums of some neighbouring outputs: of two outputs at both positions each.
struct Sums<'a> {
    values: &'a mut [[i32; 4]; SUMS / 2],
    first: usize,
    len: usize,
}

impl Sums<'_> {
    /// Starts with the biases of at most [`SUMS`] outputs.
    #[inline]
    fn load(&mut self, requant: &Requant<'_>, first: usize, len: usize) {
        (self.first, self.len) = (first, len);
        let biases = requant.bias.get(first..first + len).unwrap_or(&[]);
        for (sums, bias) in self.values.as_flattened_mut().as_chunks_mut().0.iter_mut().zip(biases)
        {
            *sums = [*bias; 2];
        }
    }

    /// Adds the products of `xs` with each output's weights from `first_term` on.
    #[inline(never)] // Its registers are not those of the loop.
    fn add<M: SingleMac>(&mut self, weights: &Weights<'_>, first_term: usize, xs: &[Pair]) {
        let stride = weights.terms.count();
        let rows = weights.values.get(self.first * stride + first_term..).unwrap_or(&[]);
        let whole = self.len / 2;
        let Some((sums, last)) = self.values.split_at_mut_checked(whole) else { return };
        products::<M>(xs, rows, stride, sums);
        if self.len % 2 == 1 {
            // A single last output takes the place of two.
            let rows = rows.get(2 * whole * stride..).unwrap_or(&[]);
            products::<M>(xs, rows, 0, last.get_mut(..1).unwrap_or(&mut []));
        }
    }

    /// Requantises the sums and stores them at their outputs, of two positions that start at
    /// `starts`.
    #[inline(never)] // Its registers are not those of the loop.
    fn store<M: SingleMac>(
        &self,
        (requant, has_room): (&Requant<'_>, bool),
        y: Cells<'_>,
        starts: [usize; 2],
    ) {
        let [first, second] = starts.map(|start| y.window(start + self.first, self.len).as_slice());
        let cells = first.iter().zip(second).zip(self.values.as_flattened().as_chunks().0);
        for (output, ((first, second), [a, b])) in (self.first..).zip(cells) {
            let scale = Scale::of(requant, output);
            first.set(requantised::<M>(*a, scale, requant, has_room));
            second.set(requantised::<M>(*b, scale, requant, has_room));
        }
    }
}

#[inline(never)] // Once in the code.
fn products<M: SingleMac>(xs: &[Pair], rows: &[i8], stride: usize, sums: &mut [[i32; 4]]) {
    M::two_by_two(xs, rows, stride, sums);
}
