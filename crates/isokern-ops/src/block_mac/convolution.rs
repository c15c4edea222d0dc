//! Convolutions: four positions by four outputs at a time.
//!
//! The activations of four positions come in *passes*, as many terms at a time as a
//! [`PositionBlock`] holds, and are added to the sums of up to [`SUMS`] outputs. Both are on the
//! stack, which firmware has little of.

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::operators::conv2d::Conv2dView;
use isokern_model::requant::Requant;
use isokern_model::weights::Weights;

use super::position_block::{PositionBlock, TERMS};
use super::{BlockMac, Four, Places, store};
use crate::passes::Passes;
use crate::scale::{have_room, is_whole, limit};
use crate::windows::Windows;

/// Positions, and outputs, of a block.
const SIDE: usize = 4;

/// Outputs whose sums are kept at a time.
const SUMS: usize = 32;

/// Runs the calling rank's share of a convolution; a tile is four positions.
#[inline(never)]
pub(super) fn run<M: BlockMac, T: Team>(team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
    let (x, y) = (memory.view(&op.input), memory.view(&op.output));
    let (output, terms) = (op.output.image(), op.weights.terms);
    let windows = Windows { input: op.input.image(), window: &op.window, width: output.width };
    let has_room = have_room(&op.requant, terms.count());
    let is_one_pass = terms.count() <= TERMS;
    let mut terms_of = [[0; SIDE]; TERMS];
    let mut block = PositionBlock::new(&mut terms_of, op.input.zero_point() as i16);
    let mut values = [[0; SIDE]; SUMS];
    let mut sums = Sums { values: &mut values, first: 0, len: 0 };
    let last = output.positions().saturating_sub(1);
    for tile in team.share(output.positions().div_ceil(SIDE)) {
        let first = SIDE * tile;
        let count = SIDE.min(output.positions() - first);
        let places = Places { y, outputs: output.channels, first, count };
        let mut is_there = false;
        while sums.go_on(output.channels) {
            sums.load(&op.requant);
            for pass in Passes::new(terms, TERMS) {
                if !is_there {
                    block.gather(&windows, x, (first, last), &pass);
                    is_there = is_one_pass;
                }
                let first_term = pass.rows.start * terms.row_terms + pass.terms.start;
                sums.add::<M>(&op.weights, first_term, block.terms(&pass));
            }
            store::<M>(sums.values(), (&op.requant, has_room), sums.first, &places);
        }
        if !is_whole(op.requant.activation) {
            let cells = y.window(first * output.channels, count * output.channels);
            limit(cells.as_slice(), op.requant.activation);
        }
    }
}

/// The sums of some neighbouring outputs.
struct Sums<'a> {
    /// A row for each output.
    values: &'a mut [[i32; SIDE]; SUMS],
    first: usize,
    /// A multiple of four, or a single output.
    len: usize,
}

impl Sums<'_> {
    /// Goes on to the next of `outputs`; returns whether there are any, and starts again where not.
    ///
    /// The last four may be some of those before as well.
    #[inline]
    fn go_on(&mut self, outputs: usize) -> bool {
        self.first += self.len;
        let rest = outputs.saturating_sub(self.first);
        self.len = (rest & !(SIDE - 1)).min(SUMS);
        if self.len == 0 && rest != 0 {
            self.len = 1;
            if outputs >= SIDE {
                (self.first, self.len) = (outputs - SIDE, SIDE);
            }
        }
        if rest == 0 {
            self.first = 0;
        }
        rest != 0
    }

    /// Starts with the biases.
    #[inline]
    fn load(&mut self, requant: &Requant<'_>) {
        let biases = requant.bias.get(self.first..).unwrap_or(&[]);
        for (sums, bias) in self.values.iter_mut().zip(biases) {
            let bias = *bias;
            *sums = [bias, bias, bias, bias];
        }
    }

    /// Returns them, a row for each output.
    #[inline]
    fn values(&self) -> &[[i32; SIDE]] {
        self.values.get(..self.len).unwrap_or(&[])
    }

    /// Adds the products of `xs` with each output's weights from `first_term` on.
    #[inline(never)] // Its registers are not those of the loop.
    fn add<M: BlockMac>(&mut self, weights: &Weights<'_>, first_term: usize, xs: &[Four]) {
        let terms = weights.terms.count();
        let rows = weights.values.get(self.first * terms + first_term..).unwrap_or(&[]);
        // A single output takes the place of four.
        let stride = if self.len == 1 { 0 } else { terms };
        let values = self.values.get_mut(..self.len.next_multiple_of(SIDE)).unwrap_or(&mut []);
        M::four_by_four(xs, rows, stride, values.as_chunks_mut().0);
    }
}
