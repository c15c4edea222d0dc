//! Loops for processors that multiply two pairs of 16-bit values in one step.
//!
//! Armv7E-M has such instructions (`SXTAB16`, `SMLAD`). [`DualMacLoops`] is written
//! once over [`DualMac`]: the processor brings the instructions, and
//! [`PortableDualMac`] says in plain code what each has to give, so that the loops
//! are tested on any machine.
//!
//! Convolutions compute two positions by two outputs at a time, depthwise ones four
//! channels of a row of positions, fully connected operators four outputs of a row.
//! Weights must be in the row layout, and the sums of depthwise convolutions must have room for a
//! product of 32 bits ([`Scale`](crate::scale::Scale)); the rest runs the plain loops.

mod dots;
mod pairs;
mod patch;
mod position_pair;

use core::cell::Cell;
use core::marker::PhantomData;

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::layout::Layout;
use isokern_model::operators::add::AddView;
use isokern_model::operators::conv2d::{Conv2d, Conv2dView};
use isokern_model::operators::depthwise_conv2d::{DepthwiseConv2d, DepthwiseConv2dView};
use isokern_model::operators::fully_connected::{FullyConnected, FullyConnectedView};
use isokern_model::{AllOperators, Loops, OpSet, Operator, OperatorSet};

use crate::depthwise;
use crate::depthwise::{FourChannels, high, low, word};
use crate::scale::{Rescale, add};

/// Four activations, less their zero point, as signed halves of two words: the first
/// and third, then the second and fourth.
pub type Halves = [u32; 2];

/// The [`Halves`] of two positions, one after the other.
pub type PairHalves = [u32; 4];

/// Instructions on pairs of signed 16-bit halves in a word.
pub trait DualMac: FourChannels {
    /// Returns bytes 0 and 2 of `word`, sign-extended to halves.
    fn widen_even(word: u32) -> u32;

    /// Returns bytes 1 and 3 of `word`, sign-extended to halves.
    fn widen_odd(word: u32) -> u32;

    /// Adds [`widen_even`](Self::widen_even) to the halves of `offsets`.
    fn widen_even_by(offsets: u32, word: u32) -> u32;

    /// Adds [`widen_odd`](Self::widen_odd) to the halves of `offsets`.
    fn widen_odd_by(offsets: u32, word: u32) -> u32;

    /// Returns `sum` plus both products of halves.
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
                let weights = word(*weights);
                *sum = Self::multiply_add(*even, Self::widen_even(weights), *sum);
                *sum = Self::multiply_add(*odd, Self::widen_odd(weights), *sum);
            }
        }
        sums
    }

    /// Adds to each of `sums` the products of two positions with the next two rows of weights,
    /// which start `stride` apart in `rows`: both positions of the first row, then both of the
    /// second. The caller gives `rows` at least `(2 * sums.len() - 1) * stride + 4 * xs.len()`
    /// weights; of fewer it is left open which are used.
    #[inline]
    fn two_by_two(xs: &[PairHalves], rows: &[i8], stride: usize, sums: &mut [[i32; 4]]) {
        for (index, sums) in sums.as_flattened_mut().as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let row = rows.get(index * stride..).unwrap_or(&[]);
            for (halves, weights) in xs.iter().zip(row.as_chunks().0) {
                let weights = word(*weights);
                let (even_w, odd_w) = (Self::widen_even(weights), Self::widen_odd(weights));
                for (sum, [even, odd]) in sums.iter_mut().zip(halves.as_chunks().0) {
                    *sum = Self::multiply_add(*even, even_w, *sum);
                    *sum = Self::multiply_add(*odd, odd_w, *sum);
                }
            }
        }
    }

    /// Widens groups of four cells, added to the halves of `offsets`, into every `STEP`th element
    /// of `halves`, as many as there are of both.
    #[inline]
    fn widen<const STEP: usize>(xs: &[Cell<i8>], offsets: u32, halves: &mut [Halves]) {
        for (target, cells) in halves.iter_mut().step_by(STEP).zip(xs.as_chunks().0) {
            let word = word(Cells::values(cells));
            let [even, odd] = target;
            *even = Self::widen_even_by(offsets, word);
            *odd = Self::widen_odd_by(offsets, word);
        }
    }
}

/// The instructions in plain code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortableDualMac;

impl Rescale for PortableDualMac {}

impl FourChannels for PortableDualMac {}

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
    /// Returns the loops for the operators of `S`.
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
        if is_dense {
            pairs::conv2d::<D, T>(team, op, memory);
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
        if depthwise::takes(op) {
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

    #[inline]
    fn add<T: Team>(&self, team: &T, op: &AddView, memory: &Memory<'_>) {
        add::run::<D, T>(team, op, memory);
    }
}

/// Returns `value` in both halves.
#[inline]
pub(crate) const fn both(value: i32) -> u32 {
    let half = value.cast_unsigned() & 0xFFFF;
    half << 16 | half
}

#[inline]
const fn add_halves(offsets: u32, first: u8, second: u8) -> u32 {
    let first = low(offsets) + first.cast_signed() as i32;
    let second = high(offsets) + second.cast_signed() as i32;
    (second.cast_unsigned() << 16) | (first.cast_unsigned() & 0xFFFF)
}
