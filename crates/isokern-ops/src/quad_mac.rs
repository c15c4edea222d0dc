//! Loops for teams of many threads whose processors multiply four pairs of bytes in one step.
//!
//! A GPU has such an instruction (`dp4a`). [`QuadMacLoops`] is written once over
//! [`QuadMac`]: the processor brings the instruction, and [`PortableQuadMac`] says in plain
//! code what it has to give, so that the loops are tested on any machine.
//!
//! Weights must be in the packed layout, where neighbouring outputs are side by side. A tile is up
//! to four outputs of up to four positions, and neighbouring ranks take neighbouring outputs: they
//! read neighbouring weights and the same activations. Where that leaves ranks without work, tiles
//! are smaller. Every tile of an operator has the same number of steps: padding is read as the zero
//! point instead of being left out.
//!
//! Dilated columns, depth multipliers, unaligned memory, weights in the row layout or with a
//! zero point are taken one output at a time.

mod depthwise;
mod dots;
mod elementwise;
mod feed;
mod jobs;
mod lanes;
mod scale;
mod single;

use core::marker::PhantomData;

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::layout::Layout;
use isokern_model::operators::add::AddView;
use isokern_model::operators::conv2d::Conv2dView;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2dView;
use isokern_model::operators::fully_connected::FullyConnectedView;
use isokern_model::operators::pool::PoolView;
use isokern_model::weights::Weights;
use isokern_model::{AllOperators, Loops, OpSet, OperatorSet};

/// An instruction on the four signed bytes of two words.
pub trait QuadMac {
    /// Returns `sum` plus the products of the bytes of `a` with those of `b`, wrapping.
    fn multiply_add(a: u32, b: u32, sum: i32) -> i32;

    /// Returns `value`, by a way the compiler does not see through: what is there is read again
    /// instead of being kept in registers that the next loop needs.
    #[inline(always)]
    fn reload<V>(value: &V) -> &V {
        value
    }
}

/// The instruction in plain code.
///
/// ```
/// use isokern_ops::quad_mac::{PortableQuadMac, QuadMac};
///
/// // 1 * 1 + 2 * 1 + 3 * 1 + -1 * -128
/// assert_eq!(PortableQuadMac::multiply_add(0xFF03_0201, 0x8001_0101, 10), 144);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortableQuadMac;

impl QuadMac for PortableQuadMac {
    #[inline]
    fn multiply_add(a: u32, b: u32, sum: i32) -> i32 {
        let pairs = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
        pairs.fold(sum, |sum, (a, b)| {
            sum.wrapping_add(i32::from(a.cast_signed()) * i32::from(b.cast_signed()))
        })
    }
}

/// Loops that use `D` for the operators of `S`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuadMacLoops<D, S = AllOperators> {
    instructions: PhantomData<(D, S)>,
}

impl<D, S> QuadMacLoops<D, S> {
    /// Returns the loops for the operators of `S`.
    #[must_use]
    pub const fn for_operators() -> Self {
        Self { instructions: PhantomData }
    }
}

impl<D: QuadMac, S: OperatorSet> Loops for QuadMacLoops<D, S> {
    const OPERATORS: OpSet = S::KINDS;

    #[inline]
    fn conv2d<T: Team>(&self, team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
        let is_dense = op.groups == 1 && op.window.dilation_width == 1;
        let fits = is_dense && is_packed(&op.weights);
        if !(fits && jobs::conv2d::<D, T>(team, op, memory)) {
            jobs::single_conv2d::<D, T>(team, op, memory);
        }
    }

    #[inline]
    fn depthwise_conv2d<T: Team>(
        &self,
        team: &T,
        op: &DepthwiseConv2dView<'_>,
        memory: &Memory<'_>,
    ) {
        if !(op.depth_multiplier == 1 && jobs::depthwise_conv2d::<D, T>(team, op, memory)) {
            jobs::single_depthwise_conv2d::<D, T>(team, op, memory);
        }
    }

    #[inline]
    fn fully_connected<T: Team>(&self, team: &T, op: &FullyConnectedView<'_>, memory: &Memory<'_>) {
        let fits = op.weight_zero_point == 0 && is_packed(&op.weights);
        if !(fits && jobs::fully_connected::<D, T>(team, op, memory)) {
            jobs::single_fully_connected::<D, T>(team, op, memory);
        }
    }

    #[inline]
    fn add<T: Team>(&self, team: &T, op: &AddView, memory: &Memory<'_>) {
        elementwise::add(team, op, memory);
    }

    #[inline]
    fn pool<T: Team>(&self, team: &T, op: &PoolView, memory: &Memory<'_>) {
        elementwise::pool(team, op, memory);
    }
}

/// Returns whether weights are in the order in which these loops read them, with their sums.
#[inline]
fn is_packed(weights: &Weights<'_>) -> bool {
    weights.layout == Layout::Packed && weights.sums.len() >= weights.outputs
}
