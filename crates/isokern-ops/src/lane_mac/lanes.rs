//! What the loops over vectors are given, and what they have to give, in plain code.
//!
//! The structures have the order of C, and their parts are public: loops in assembly read them.

use core::cell::Cell;

use isokern_model::fixed::{clamp, rescale};
use isokern_model::requant::{Activation, PairScales, Requant, requantise};

/// Four positions, whose windows have `rows` runs each; all output channels of them.
///
/// Channel `c` of position `p` is the sum over rows `r` and terms `t` of
/// `ws[c * w_channel + r * w_row + t] * (xs[p][r * x_row + t] - x_zero_point)`, requantised, at
/// `ys[offsets[p] + c]`.
#[derive(Debug, Clone, Copy)]
pub struct Positions<'a> {
    /// The windows; some may be the same.
    pub xs: [&'a [Cell<i8>]; 4],
    /// Cells from a run to the next.
    pub x_row: usize,
    /// Runs of a window, not 0.
    pub rows: usize,
    /// Terms of a run, not 0.
    pub run: usize,
    /// The weights, from the first that is used.
    pub ws: &'a [i8],
    /// Weights from a run to the next.
    pub w_row: usize,
    /// Weights from a channel to the next.
    pub w_channel: usize,
    /// The zero point of the input.
    pub x_zero_point: i32,
    /// Bias and a scale for each channel.
    pub requant: Requant<'a>,
    /// Where the results go.
    pub ys: &'a [Cell<i8>],
    /// The first channel of each position there.
    pub offsets: [u32; 4],
}

impl Positions<'_> {
    /// Returns whether every window, every weight, every scale and every result is there.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let channels = self.requant.bias.len();
        let (Some(last_row), Some(last_channel)) =
            (self.rows.checked_sub(1), channels.checked_sub(1))
        else {
            return false;
        };
        let xs = last_row.saturating_mul(self.x_row).saturating_add(self.run);
        let ws = last_row.saturating_mul(self.w_row).saturating_add(self.run);
        let ws = last_channel.saturating_mul(self.w_channel).saturating_add(ws);
        let has_result = |offset: &u32| {
            self.ys.len().checked_sub(*offset as usize).is_some_and(|rest| rest >= channels)
        };
        self.run > 0
            && self.xs.iter().all(|window| window.len() >= xs)
            && self.ws.len() >= ws
            && self.requant.multiplier.len() == channels
            && self.requant.shift.len() == channels
            && self.offsets.iter().all(has_result)
    }

    /// Computes them.
    pub(super) fn run(&self) {
        if !self.has_room() {
            return;
        }
        for channel in 0..self.requant.bias.len() {
            let mut sums = [0_i32; 4];
            let mut weight_sum = 0_i32;
            for row in 0..self.rows {
                let first = channel * self.w_channel + row * self.w_row;
                let ws = self.ws.get(first..).unwrap_or(&[]);
                let ws = ws.get(..self.run).unwrap_or(&[]);
                let mut of_row = 0;
                for (sum, window) in sums.iter_mut().zip(self.xs) {
                    let xs = window.get(row * self.x_row..).unwrap_or(&[]);
                    let [products, weights] = dot(xs, ws);
                    *sum = sum.wrapping_add(products);
                    of_row = weights;
                }
                weight_sum = weight_sum.wrapping_add(of_row);
            }
            let bias = self.requant.bias.get(channel).copied().unwrap_or(0);
            let bias = bias.wrapping_sub(weight_sum.wrapping_mul(self.x_zero_point));
            for (sum, offset) in sums.into_iter().zip(self.offsets) {
                if let Some(y) = self.ys.get(offset as usize + channel) {
                    y.set(requantise(&self.requant, channel, sum.wrapping_add(bias)));
                }
            }
        }
    }
}

/// Sums the products of the shorter of both, and its weights.
pub(super) fn dot(xs: &[Cell<i8>], ws: &[i8]) -> [i32; 2] {
    xs.iter().zip(ws).fold([0, 0], |[products, weights], (x, w)| {
        let w = i32::from(*w);
        [products.wrapping_add(i32::from(x.get()) * w), weights.wrapping_add(w)]
    })
}

/// How four sums become results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct FourScales {
    /// The multipliers.
    pub multiplier: [i32; 4],
    /// Bits to the left before the product.
    pub left: [i32; 4],
    /// Bits to the right after it, negative.
    pub right: [i32; 4],
}

impl FourScales {
    /// Takes those of four outputs.
    #[must_use]
    pub fn of(requant: &Requant<'_>, first: usize) -> Self {
        let mut scales = Self::default();
        let shifts = scales.left.iter_mut().zip(&mut scales.right);
        let parts = scales.multiplier.iter_mut().zip(shifts);
        for (output, (multiplier, (left, right))) in (first..).zip(parts) {
            let index = if requant.multiplier.len() == 1 { 0 } else { output };
            let shift = i32::from(requant.shift.get(index).copied().unwrap_or(0));
            *multiplier = requant.multiplier.get(index).copied().unwrap_or(0);
            (*left, *right) = (shift.max(0), shift.min(0));
        }
        scales
    }

    /// Returns the result of a sum.
    fn result(&self, lane: usize, sum: i32, zero_point: i32, activation: Activation) -> i8 {
        let part = |parts: &[i32; 4]| parts.get(lane).copied().unwrap_or(0);
        let shift = (part(&self.left) + part(&self.right)) as i8;
        let value = rescale(sum, part(&self.multiplier), shift);
        clamp(value.saturating_add(zero_point), activation.min, activation.max)
    }
}

/// Four channels of a rectangle of positions, whose windows are rectangles of cells.
///
/// A channel of a position is the sum over the cells of its window of weight times activation less
/// zero point, requantised.
#[derive(Debug, Clone, Copy)]
pub struct Channels<'a> {
    /// What the sums start with.
    pub bias: [i32; 4],
    /// How they become results.
    pub scales: FourScales,
    /// Weights of the four channels, for each cell of a window and of what is left out of it.
    pub taps: &'a [[i32; 4]],
    /// From the weights of a row to those of the next.
    pub taps_row: usize,
    /// Rows and columns of a window, none of them 0.
    pub window: [usize; 2],
    /// The four channels of the first cell of the first window, and all after it.
    pub xs: &'a [Cell<i8>],
    /// From a row of a window to the next, and from a cell to the next.
    pub x_cells: [usize; 2],
    /// From a window to that of the position below, and to that of the next.
    pub x_steps: [usize; 2],
    /// The zero point of the input.
    pub x_zero_point: i32,
    /// Where the results of the first position go, and all after it.
    pub ys: &'a [Cell<i8>],
    /// From the results of a position to those of the one below, and of the next.
    pub y_steps: [usize; 2],
    /// Rows and columns of positions.
    pub positions: [usize; 2],
    /// The zero point of the output.
    pub zero_point: i32,
    /// Least and greatest result.
    pub activation: Activation,
}

impl Channels<'_> {
    /// Returns whether every cell, every weight and every result is there.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let counts = [self.window, self.positions];
        if counts.as_flattened().contains(&0) {
            return false;
        }
        let reach = |start: usize, counts: [usize; 2], steps: [usize; 2]| {
            counts.iter().zip(steps).fold(start, |sum, (count, step)| {
                sum.saturating_add(count.saturating_sub(1).saturating_mul(step))
            })
        };
        let window = reach(4, self.window, self.x_cells);
        self.xs.len() >= reach(window, self.positions, self.x_steps)
            && self.ys.len() >= reach(4, self.positions, self.y_steps)
            && self.taps.len() >= reach(1, self.window, [self.taps_row, 1])
    }

    /// Computes them.
    pub(super) fn run(&self) {
        if !self.has_room() {
            return;
        }
        let place =
            |steps: [usize; 2], row: usize, column: usize| row * steps[0] + column * steps[1];
        for row in 0..self.positions[0] {
            for column in 0..self.positions[1] {
                let first = place(self.x_steps, row, column);
                let sums = self.sums(self.xs.get(first..).unwrap_or(&[]));
                let ys = self.ys.get(place(self.y_steps, row, column)..).unwrap_or(&[]);
                for (lane, (y, sum)) in ys.iter().zip(sums).enumerate() {
                    y.set(self.scales.result(lane, sum, self.zero_point, self.activation));
                }
            }
        }
    }

    /// Returns the sums of a window.
    fn sums(&self, xs: &[Cell<i8>]) -> [i32; 4] {
        let mut sums = self.bias;
        for row in 0..self.window[0] {
            for column in 0..self.window[1] {
                let cell = row * self.x_cells[0] + column * self.x_cells[1];
                let xs = xs.get(cell..).unwrap_or(&[]);
                let taps = self.taps.get(row * self.taps_row + column);
                for ((sum, x), weight) in sums.iter_mut().zip(xs).zip(taps.into_iter().flatten()) {
                    let x = i32::from(x.get()) - self.x_zero_point;
                    *sum = sum.wrapping_add(x.wrapping_mul(*weight));
                }
            }
        }
        sums
    }
}

/// Four outputs of a fully connected operator, for one row of activations.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<'a> {
    /// What the sums start with.
    pub bias: &'a [i32; 4],
    /// How they become results.
    pub scales: &'a FourScales,
    /// The activations.
    pub xs: &'a [Cell<i8>],
    /// The zero point of the input.
    pub x_zero_point: i32,
    /// Four rows of weights, each as long as the activations.
    pub ws: &'a [i8],
    /// Where the results go.
    pub ys: &'a [Cell<i8>; 4],
    /// The zero point of the output.
    pub zero_point: i32,
    /// Least and greatest result.
    pub activation: Activation,
}

impl Outputs<'_> {
    /// Returns whether there are activations, and all weights.
    #[must_use]
    pub const fn has_room(&self) -> bool {
        !self.xs.is_empty() && self.ws.len() >= self.xs.len().saturating_mul(4)
    }

    /// Computes them.
    pub(super) fn run(&self) {
        if !self.has_room() {
            return;
        }
        let rows = self.ws.chunks(self.xs.len()).zip(self.bias);
        for (lane, (y, (ws, bias))) in self.ys.iter().zip(rows).enumerate() {
            let [products, weights] = dot(self.xs, ws);
            let sum = products.wrapping_sub(weights.wrapping_mul(self.x_zero_point));
            let sum = sum.wrapping_add(*bias);
            y.set(self.scales.result(lane, sum, self.zero_point, self.activation));
        }
    }
}

/// Sums of the elements of two tensors.
#[derive(Debug, Clone, Copy)]
pub struct Sums<'a> {
    /// The first summands.
    pub a: &'a [Cell<i8>],
    /// The second.
    pub b: &'a [Cell<i8>],
    /// Where the sums go.
    pub y: &'a [Cell<i8>],
    /// How they are brought to one scale.
    pub scales: &'a PairScales,
}

impl Sums<'_> {
    /// Computes them.
    pub(super) fn run(&self) {
        for ((a, b), y) in self.a.iter().zip(self.b).zip(self.y) {
            y.set(self.scales.sum(a.get(), b.get()));
        }
    }
}
