//! Loops for processors that multiply and add vectors of 16 bytes, with the end of a row masked.
//!
//! Armv8.1-M has such instructions (MVE: `VMLAVA`, `VADDVA`, `DLSTP`). [`LaneMacLoops`] is
//! written once over [`LaneMac`]: the processor brings four loops, and [`PortableLaneMac`] says in
//! plain code what each has to give, so that all is tested on any machine.
//!
//! Convolutions compute four positions of an output at a time, and the sum of its weights
//! with them, so that the zero point of the input is taken away once; depthwise ones four channels,
//! fully connected operators four outputs. Weights must be in the row layout; the rest runs the
//! plain loops.

mod convolution;
mod depthwise;
mod elementwise;
mod lanes;
mod regions;

use core::marker::PhantomData;

use isokern_core::Team;
use isokern_model::layout::Layout;
use isokern_model::operators::add::AddView;
use isokern_model::operators::conv2d::{Conv2d, Conv2dView};
use isokern_model::operators::depthwise_conv2d::{DepthwiseConv2d, DepthwiseConv2dView};
use isokern_model::operators::fully_connected::{FullyConnected, FullyConnectedView};
use isokern_model::{AllOperators, Loops, Memory, OpSet, Operator, OperatorSet};

pub use depthwise::LANES;
pub use lanes::{Channels, FourScales, Outputs, Positions, Sums};

/// Loops on vectors of the processor.
pub trait LaneMac {
    /// Computes all channels of four positions; none if there is not room for all.
    fn positions(job: &Positions<'_>) {
        job.run();
    }

    /// Computes four channels of a rectangle of positions; none if there is not room for all.
    fn channels(job: &Channels<'_>) {
        job.run();
    }

    /// Computes four outputs of one row; none if there are not all weights.
    fn outputs(job: &Outputs<'_>) {
        job.run();
    }

    /// Adds as many elements as all three have.
    fn sums(job: &Sums<'_>) {
        job.run();
    }
}

/// The loops in plain code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortableLaneMac;

impl LaneMac for PortableLaneMac {}

/// Loops that use `D` for the operators of `S`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneMacLoops<D, S = AllOperators> {
    instructions: PhantomData<(D, S)>,
}

impl<D, S> LaneMacLoops<D, S> {
    /// Returns the loops for the operators of `S`.
    #[must_use]
    pub const fn for_operators() -> Self {
        Self { instructions: PhantomData }
    }
}

impl<D: LaneMac, S: OperatorSet> Loops for LaneMacLoops<D, S> {
    const OPERATORS: OpSet = S::KINDS;

    #[inline]
    fn conv2d<T: Team>(&self, team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
        if op.groups == 1 && op.weights.layout == Layout::Row && convolution::takes(op) {
            convolution::run::<D, T>(team, op, memory);
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
        let is_plain = op.weights.layout == Layout::Row && op.weight_zero_point == 0;
        if is_plain && op.weights.outputs >= LANES && op.weights.terms.count() > 0 {
            elementwise::fully_connected::<D, T>(team, op, memory);
        } else {
            FullyConnected::run(team, op, memory);
        }
    }

    #[inline]
    fn add<T: Team>(&self, team: &T, op: &AddView, memory: &Memory<'_>) {
        elementwise::add::<D, T>(team, op, memory);
    }
}
