//! What a set of vector instructions brings.

use isokern_core::Cells;
use isokern_model::geometry::Window;
use isokern_model::layout::BLOCK_OUTPUTS;
use isokern_model::requant::{Activation, PairScales, Requant};
use isokern_model::tensor::Image;
use isokern_model::weights::Weights;

use super::feed::Plan;

/// Vector code for whole operators.
pub(crate) trait Tile {
    /// Computes the dot products of all positions with all outputs' packed weights.
    fn dots(&self, job: &Dots<'_>);

    /// Runs a depthwise convolution; returns `false`, with nothing done, if its shape does not fit.
    fn depthwise(&self, job: &ChannelDots<'_>, x: Cells<'_>, y: Cells<'_>) -> bool;

    /// Runs an addition.
    fn add(&self, scales: &PairScales, a: Cells<'_>, b: Cells<'_>, y: Cells<'_>);

    /// Computes one value for the cells of each window of an image, channel by channel.
    fn windows(&self, job: &Windows, x: Cells<'_>, y: Cells<'_>);

    /// Quantises floats to `i8`: returns how many, from the first, it did.
    fn quantise_to_i8(&self, steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize;

    /// Quantises floats to `i16`: returns how many, from the first, it did.
    fn quantise_to_i16(&self, steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize;

    /// Looks every byte up: the entry at `x ^ flip`.
    fn table(&self, table: &[i8; 256], flip: u8, x: Cells<'_>, y: Cells<'_>);

    /// Runs a plain loop, compiled for the instructions.
    fn plain(&self, work: impl PlainLoop);
}

/// A plain loop that the compiler turns into vector code, given the instructions.
pub(crate) trait PlainLoop {
    /// Runs the loop; to be inlined, with all that it calls.
    fn run(self);
}

/// A convolution or fully connected operator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dots<'a> {
    /// How the activations are cut into chunks.
    pub(super) plan: Plan,
    /// Weights in the packed layout.
    pub(super) weights: &'a Weights<'a>,
    /// Bias and scales.
    pub(super) requant: &'a Requant<'a>,
    /// Zero point of the activations.
    pub(super) zero_point: i32,
    /// The activations.
    pub(super) x: Cells<'a>,
    /// The outputs, position after position.
    pub(super) y: Cells<'a>,
}

/// Dot products of each channel with kernels of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChannelDots<'a> {
    /// The image read.
    pub(super) input: Image,
    /// The image written, of as many channels.
    pub(super) output: Image,
    /// The kernel.
    pub(super) window: Window,
    /// `[kernel row][kernel column][channel]`.
    pub(super) weights: &'a [i8],
    /// Bias and scales.
    pub(super) requant: &'a Requant<'a>,
    /// Zero point of the activations.
    pub(super) zero_point: i32,
    /// Output channels that read one input channel, at least 1.
    pub(super) depth_multiplier: usize,
}

/// One value for the cells of each window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    /// The image read.
    pub(super) input: Image,
    /// The image written, of as many channels.
    pub(super) output: Image,
    /// The window, which is not dilated.
    pub(super) window: Window,
    /// Least and greatest output value.
    pub(super) activation: Activation,
    /// Whether it is the greatest value, else their mean.
    pub(super) is_max: bool,
}

/// Steps of a quantised tensor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    /// Real value of one.
    pub(super) scale: f32,
    /// The value that represents real zero.
    pub(super) zero_point: i32,
}

impl<'a> Dots<'a> {
    /// Blocks of 16 outputs.
    #[inline(always)]
    pub(super) const fn block_count(&self) -> usize {
        self.weights.outputs.div_ceil(BLOCK_OUTPUTS)
    }

    /// Returns the weights as `[row and group][block]` of 16 outputs with four terms each.
    #[inline(always)]
    pub(super) const fn blocks(&self) -> &'a [[i8; 64]] {
        self.weights.values.as_chunks().0
    }

    /// Returns the biases of a block, less what `zero_point` adds to each sum of products.
    #[inline(always)]
    pub(super) fn bias(&self, block: usize, zero_point: i32) -> [i32; BLOCK_OUTPUTS] {
        let mut bias = lanes(self.requant.bias, block * BLOCK_OUTPUTS);
        let sums: [i32; BLOCK_OUTPUTS] = lanes(self.weights.sums, block * BLOCK_OUTPUTS);
        for (bias, sum) in bias.iter_mut().zip(sums) {
            *bias = bias.wrapping_sub(sum.wrapping_mul(zero_point));
        }
        bias
    }

    /// Returns the groups of `P` positions of a chunk that meet a kernel row's weights.
    #[inline(always)]
    pub(super) fn groups<'b, const P: usize>(
        &self,
        feed: &'b [i8],
        position: usize,
        row: usize,
    ) -> Option<[&'b [[i8; 4]]; P]> {
        let bytes = self.weights.terms.row_groups() * 4;
        let mut groups = [[].as_slice(); P];
        for (p, groups) in groups.iter_mut().enumerate() {
            let start = (position + p) * self.plan.position_bytes + row * self.plan.row_bytes;
            *groups = feed.get(start..start + bytes)?.as_chunks().0;
        }
        Some(groups)
    }

    /// Stores 16 values of a block; those past the last output are dropped.
    #[inline(always)]
    pub(super) fn store(&self, position: usize, block: usize, values: [i8; BLOCK_OUTPUTS]) {
        let first = block * BLOCK_OUTPUTS;
        let count = (self.weights.outputs - first).min(BLOCK_OUTPUTS);
        store_first(self.y, position * self.weights.outputs + first, count, values);
    }
}

/// Returns the multipliers and shifts of `N` outputs from `first`.
#[inline(always)]
pub(super) fn scales<const N: usize>(requant: &Requant<'_>, first: usize) -> ([i32; N], [i8; N]) {
    if let ([multiplier], [shift]) = (requant.multiplier, requant.shift) {
        return ([*multiplier; N], [*shift; N]);
    }
    (lanes(requant.multiplier, first), lanes(requant.shift, first))
}

/// Returns `N` values from `first`, zeros past the end.
#[inline(always)]
pub(super) fn lanes<V: Copy + Default, const N: usize>(values: &[V], first: usize) -> [V; N] {
    let tail = values.get(first..).unwrap_or(&[]);
    if let Some(whole) = tail.first_chunk() {
        return *whole;
    }
    let mut lanes = [V::default(); N];
    for (lane, value) in lanes.iter_mut().zip(tail) {
        *lane = *value;
    }
    lanes
}

/// Stores the first `count` of `values`.
#[inline(always)]
pub(super) fn store_first<const N: usize>(y: Cells<'_>, at: usize, count: usize, values: [i8; N]) {
    if count >= N {
        return y.store(at, values);
    }
    match count {
        8 if N > 8 => y.store(at, lanes::<i8, 8>(&values, 0)),
        16 if N > 16 => y.store(at, lanes::<i8, 16>(&values, 0)),
        _ => y.copy_from(at, values.get(..count).unwrap_or(&[])),
    }
}
