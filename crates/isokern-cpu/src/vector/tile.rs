//! What a set of vector instructions brings.

use isokern_core::Cells;
use isokern_model::layout::BLOCK_OUTPUTS;
use isokern_model::op::{Add, DepthwiseConv2d, Requant, Weights};

/// Kernel cells up to which a depthwise tile keeps all weights at hand.
pub(super) const TAPS_MAX: usize = 26;

/// Vector code for the work inside the operators.
pub(crate) trait Tile {
    /// All outputs of a few positions: product, requantisation, store.
    fn dots(&self, job: &Dots<'_>);

    /// A depthwise convolution with multiplier 1 and at most [`TAPS_MAX`] kernel cells.
    fn depthwise(&self, op: &DepthwiseConv2d<'_>, x: Cells<'_>, y: Cells<'_>);

    /// An addition.
    fn add(&self, op: &Add, a: Cells<'_>, b: Cells<'_>, y: Cells<'_>);
}

/// The dot products of `rows` positions with all outputs' packed weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dots<'a> {
    /// Activations in groups of four, row after row.
    pub(super) patch: &'a [u32],
    /// Number of positions.
    pub(super) rows: usize,
    /// Weights in the packed layout.
    pub(super) weights: &'a Weights<'a>,
    /// Bias and scales.
    pub(super) requant: &'a Requant<'a>,
    /// Zero point of the activations.
    pub(super) zero_point: i32,
    /// The outputs, row after row.
    pub(super) y: Cells<'a>,
}

impl<'a> Dots<'a> {
    /// Groups of four terms.
    pub(super) const fn group_count(&self) -> usize {
        self.weights.terms.div_ceil(4)
    }

    /// Blocks of 16 outputs.
    pub(super) const fn block_count(&self) -> usize {
        self.weights.outputs.div_ceil(BLOCK_OUTPUTS)
    }

    /// The weights as `[group][block]` of 16 outputs with four terms each.
    pub(super) const fn blocks(&self) -> &'a [[i8; 64]] {
        self.weights.values.as_chunks().0
    }

    /// The activations of one position.
    pub(super) fn row(&self, row: usize) -> &'a [u32] {
        let groups = self.group_count();
        self.patch.get(row * groups..).and_then(|tail| tail.get(..groups)).unwrap_or(&[])
    }

    /// Biases of a block, less what `zero_point` adds to each sum of products.
    pub(super) fn bias(&self, block: usize, zero_point: i32) -> [i32; BLOCK_OUTPUTS] {
        let mut bias = lanes(self.requant.bias, block * BLOCK_OUTPUTS);
        let sums: [i32; BLOCK_OUTPUTS] = lanes(self.weights.sums, block * BLOCK_OUTPUTS);
        for (bias, sum) in bias.iter_mut().zip(sums) {
            *bias = bias.wrapping_sub(sum.wrapping_mul(zero_point));
        }
        bias
    }

    /// Stores 16 values of a block; those behind the last output are dropped.
    pub(super) fn store(&self, row: usize, block: usize, values: [i8; BLOCK_OUTPUTS]) {
        let first = block * BLOCK_OUTPUTS;
        let at = row * self.weights.outputs + first;
        match self.weights.outputs - first {
            0..BLOCK_OUTPUTS => store_first(self.y, at, self.weights.outputs - first, values),
            _ => self.y.store(at, values),
        }
    }
}

/// Multipliers and shifts of `N` outputs from `first`.
pub(super) fn scales<const N: usize>(requant: &Requant<'_>, first: usize) -> ([i32; N], [i8; N]) {
    if let ([multiplier], [shift]) = (requant.multiplier, requant.shift) {
        return ([*multiplier; N], [*shift; N]);
    }
    (lanes(requant.multiplier, first), lanes(requant.shift, first))
}

/// `N` values from `first`, zeros behind the end.
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
pub(super) fn store_first<const N: usize>(y: Cells<'_>, at: usize, count: usize, values: [i8; N]) {
    match count {
        8 if N > 8 => y.store(at, lanes::<i8, 8>(&values, 0)),
        16 if N > 16 => y.store(at, lanes::<i8, 16>(&values, 0)),
        _ if count >= N => y.store(at, values),
        _ => y.copy_from(at, values.get(..count).unwrap_or(&[])),
    }
}
