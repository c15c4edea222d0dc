//! Loops for processors that multiply two pairs of 16-bit values in one step.
//!
//! Armv7E-M has such instructions (`SXTAB16`, `SMLAD`). [`DualMacLoops`] is written
//! once over [`DualMac`]: the processor brings the instructions, and
//! [`PortableDualMac`] says in plain code what each has to give, so that the loops
//! are tested on any machine.
//!
//! Convolutions and fully connected operators share each activation among four
//! outputs; depthwise ones take four channels at a time. Weights must be in the row
//! layout; the rest runs the plain loops.

mod depthwise;
mod dots;
mod patch;
mod scales;

use core::marker::PhantomData;

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::layout::Layout;
use isokern_model::operators::conv2d::{Conv2d, Conv2dView};
use isokern_model::operators::depthwise_conv2d::{DepthwiseConv2d, DepthwiseConv2dView};
use isokern_model::operators::fully_connected::{FullyConnected, FullyConnectedView};
use isokern_model::{AllOperators, Loops, OpSet, Operator, OperatorSet};

use patch::PATCH_TERMS;

/// Four activations, less their zero point, as signed halves of two words: the first
/// and third, then the second and fourth.
pub type Halves = [u32; 2];

/// Instructions on pairs of signed 16-bit halves in a word.
pub trait DualMac {
    /// Bytes 0 and 2 of `word`, sign-extended to halves.
    fn widen_even(word: u32) -> u32;

    /// Bytes 1 and 3 of `word`, sign-extended to halves.
    fn widen_odd(word: u32) -> u32;

    /// [`widen_even`](Self::widen_even), added to the halves of `offsets`.
    fn widen_even_by(offsets: u32, word: u32) -> u32;

    /// [`widen_odd`](Self::widen_odd), added to the halves of `offsets`.
    fn widen_odd_by(offsets: u32, word: u32) -> u32;

    /// `sum` and both products of halves.
    fn multiply_add(a: u32, b: u32, sum: i32) -> i32;

    /// Adds to `sums` the products of `xs` with four rows of weights that start
    /// `stride` apart in `rows`. The caller gives `rows` at least `3 * stride + 4 *
    /// xs.len()` weights; of fewer it is left open which are used.
    #[inline]
    fn four_rows(xs: &[Halves], rows: &[i8], stride: usize, sums: [i32; 4]) -> [i32; 4] {
        let mut sums = sums;
        for (index, sum) in sums.iter_mut().enumerate() {
            let row = rows.get(index * stride..).unwrap_or(&[]);
            for ([even, odd], weights) in xs.iter().zip(row.as_chunks().0) {
                let weights = dots::word(*weights);
                *sum = Self::multiply_add(*even, Self::widen_even(weights), *sum);
                *sum = Self::multiply_add(*odd, Self::widen_odd(weights), *sum);
            }
        }
        sums
    }
}

/// The instructions in plain code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortableDualMac;

impl DualMac for PortableDualMac {
    #[inline]
    fn widen_even(word: u32) -> u32 {
        Self::widen_even_by(0, word)
    }

    #[inline]
    fn widen_odd(word: u32) -> u32 {
        Self::widen_odd_by(0, word)
    }

    #[inline]
    fn widen_even_by(offsets: u32, word: u32) -> u32 {
        let [first, _, third, _] = word.to_le_bytes();
        add_halves(offsets, first, third)
    }

    #[inline]
    fn widen_odd_by(offsets: u32, word: u32) -> u32 {
        let [_, second, _, fourth] = word.to_le_bytes();
        add_halves(offsets, second, fourth)
    }

    #[inline]
    fn multiply_add(a: u32, b: u32, sum: i32) -> i32 {
        sum.wrapping_add(low(a) * low(b)).wrapping_add(high(a) * high(b))
    }
}

/// Loops that use `D` for the operators of `S`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DualMacLoops<D, S = AllOperators> {
    instructions: PhantomData<(D, S)>,
}

impl<D, S> DualMacLoops<D, S> {
    /// The loops.
    #[must_use]
    pub const fn for_operators() -> Self {
        Self { instructions: PhantomData }
    }
}

impl<D: DualMac, S: OperatorSet> Loops for DualMacLoops<D, S> {
    const OPERATORS: OpSet = S::KINDS;

    #[inline]
    fn conv2d<T: Team>(&self, team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
        let is_dense = op.groups == 1 && op.weights.layout == Layout::Row;
        if is_dense && op.weights.terms.row_terms <= PATCH_TERMS {
            dots::conv2d::<D, T>(team, op, memory);
        } else {
            Conv2d::run(team, op, memory);
        }
    }

    #[inline]
    fn depthwise_conv2d<T: Team>(
        &self,
        team: &T,
        op: &DepthwiseConv2dView<'_>,
        memory: &Memory<'_>,
    ) {
        let taps = usize::from(op.window.kernel_height) * usize::from(op.window.kernel_width);
        if op.depth_multiplier == 1 && taps <= depthwise::TAPS_MAX {
            depthwise::run::<D, T>(team, op, memory);
        } else {
            DepthwiseConv2d::run(team, op, memory);
        }
    }

    #[inline]
    fn fully_connected<T: Team>(&self, team: &T, op: &FullyConnectedView<'_>, memory: &Memory<'_>) {
        if op.weights.layout == Layout::Row && op.weight_zero_point == 0 {
            dots::fully_connected::<D, T>(team, op, memory);
        } else {
            FullyConnected::run(team, op, memory);
        }
    }
}

/// `value` in both halves.
#[inline]
pub(crate) const fn both(value: i32) -> u32 {
    let half = value.cast_unsigned() & 0xFFFF;
    half << 16 | half
}

/// The lower half, as a number.
#[inline]
pub(crate) const fn low(halves: u32) -> i32 {
    (halves as i16) as i32
}

/// The upper half, as a number.
#[inline]
pub(crate) const fn high(halves: u32) -> i32 {
    halves.cast_signed() >> 16
}

#[inline]
const fn add_halves(offsets: u32, first: u8, second: u8) -> u32 {
    let first = low(offsets) + first.cast_signed() as i32;
    let second = high(offsets) + second.cast_signed() as i32;
    (second.cast_unsigned() << 16) | (first.cast_unsigned() & 0xFFFF)
}
