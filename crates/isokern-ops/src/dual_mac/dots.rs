//! Convolutions and fully connected operators: four outputs share an activation.

use isokern_core::{Cells, Team};
use isokern_model::layout::Layout;
use isokern_model::op::{Conv2d, FullyConnected, Requant, Weights};

use super::{DualMac, both};
use crate::fixed::requantise;
use crate::view::view;

/// Outputs that share an activation.
const OUTPUTS: usize = 4;

/// Runs the calling rank's share of a convolution; a tile is one position.
pub(super) fn conv2d<D: DualMac, T: Team>(team: &T, op: &Conv2d<'_>, arena: Cells<'_>) {
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let (input, output) = (op.input.image(), op.output.image());
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let (width, zero_point) = (output.width.max(1), op.input.zero_point());
    for position in team.share(output.positions()) {
        let (row_first, row_end, first_y) = rows.inside(position / width, input.height);
        let (column_first, column_end, first_x) = columns.inside(position % width, input.width);
        // Neighbouring kernel columns read neighbouring cells unless dilated: one run a row.
        let (run_cells, run_count) = match (columns.dilation, column_end - column_first) {
            (1, cells) => (cells, usize::from(cells > 0)),
            (_, cells) => (1, cells),
        };
        let mut block = Block::new(&op.weights, &op.requant, zero_point);
        while block.load() {
            for row in row_first..row_end {
                let input_row = (first_y + (row - row_first) * rows.dilation) * input.width;
                for run in 0..run_count {
                    let cell = input_row + first_x + run * columns.dilation;
                    let len = run_cells * input.channels;
                    let term = (column_first + run) * input.channels;
                    block.add::<D>(x.window(cell * input.channels, len), row, term);
                }
            }
            block.store(y, position * output.channels);
        }
    }
}

/// Runs the calling rank's share of a fully connected operator; a tile is one row.
pub(super) fn fully_connected<D: DualMac, T: Team>(
    team: &T,
    op: &FullyConnected<'_>,
    arena: Cells<'_>,
) {
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    let (outputs, terms) = (op.weights.outputs.max(1), op.weights.terms.row_terms);
    for row in team.share(y.len() / outputs) {
        let mut block = Block::new(&op.weights, &op.requant, op.input.zero_point());
        while block.load() {
            block.add::<D>(x.window(row * terms, terms), 0, 0);
            block.store(y, row * outputs);
        }
    }
}

/// The sums of up to four outputs.
struct Block<'a> {
    weights: &'a Weights<'a>,
    requant: &'a Requant<'a>,
    zero_point: i32,
    first: usize,
    sums: [i32; OUTPUTS],
}

impl<'a> Block<'a> {
    #[inline]
    fn new(weights: &'a Weights<'a>, requant: &'a Requant<'a>, zero_point: i32) -> Self {
        Self { weights, requant, zero_point, first: 0, sums: [0; OUTPUTS] }
    }

    /// Starts with the biases of the next outputs; `false` if there are none left.
    #[inline]
    fn load(&mut self) -> bool {
        let biases = self.requant.bias.iter().skip(self.first);
        for (sum, bias) in self.sums.iter_mut().zip(biases) {
            *sum = *bias;
        }
        self.first < self.weights.outputs
    }

    /// Adds the products of `xs` with the terms from `term` of a row of weights.
    #[inline]
    fn add<D: DualMac>(&mut self, xs: Cells<'_>, row: usize, term: usize) {
        let offsets = both(-self.zero_point);
        let [ws_a, ws_b, ws_c, ws_d] = [0, 1, 2, 3].map(|output| self.row(output, row, term));
        let (words, rest) = xs.split_chunks::<4>();
        let [mut a, mut b, mut c, mut d] = self.sums;
        let fours = words.zip(ws_a.as_chunks::<4>().0).zip(ws_b.as_chunks::<4>().0);
        let fours = fours.zip(ws_c.as_chunks::<4>().0).zip(ws_d.as_chunks::<4>().0);
        for ((((x, w_a), w_b), w_c), w_d) in fours {
            let x = word(x);
            let (even, odd) = (D::widen_even(offsets, x), D::widen_odd(offsets, x));
            a = four::<D>(even, odd, *w_a, a);
            b = four::<D>(even, odd, *w_b, b);
            c = four::<D>(even, odd, *w_c, c);
            d = four::<D>(even, odd, *w_d, d);
        }
        self.sums = [a, b, c, d];
        let done = xs.len() - rest.len();
        for (sum, ws) in self.sums.iter_mut().zip([ws_a, ws_b, ws_c, ws_d]) {
            for (x, w) in rest.as_slice().iter().zip(ws.iter().skip(done)) {
                let product = (i32::from(x.get()) - self.zero_point) * i32::from(*w);
                *sum = sum.wrapping_add(product);
            }
        }
    }

    /// The weights from `term` of a row; for an output behind the last, the last's.
    #[inline]
    fn row(&self, output: usize, row: usize, term: usize) -> &'a [i8] {
        let (outputs, terms) = (self.weights.outputs, self.weights.terms);
        let output = (self.first + output).min(outputs.saturating_sub(1));
        let start = Layout::Row.weight_index(outputs, terms, output, row, term);
        self.weights.values.get(start..).unwrap_or(&[])
    }

    /// Stores the outputs and moves on.
    #[inline]
    fn store(&mut self, y: Cells<'_>, start: usize) {
        let end = self.weights.outputs.min(self.first + OUTPUTS);
        for (output, sum) in (self.first..end).zip(self.sums) {
            y.set(start + output, requantise(self.requant, output, sum));
        }
        self.first += OUTPUTS;
    }
}

#[inline]
fn four<D: DualMac>(even: u32, odd: u32, weights: [i8; 4], sum: i32) -> i32 {
    let weights = word(weights);
    let sum = D::multiply_add(even, D::widen_even(0, weights), sum);
    D::multiply_add(odd, D::widen_odd(0, weights), sum)
}

#[inline]
pub(super) const fn word([a, b, c, d]: [i8; 4]) -> u32 {
    u32::from_le_bytes([a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), d.cast_unsigned()])
}
