//! The seam for speed: an executor may bring its own loop for an operator.
//!
//! # For executors
//!
//! Implement [`Loops`] and override what the hardware does faster: with vector
//! instructions, four-term dot products, or weights read ahead. An override may
//! take any shapes it likes and hand the rest to the plain loop of the operator's
//! module. The answer must stay the same to the bit, for every shape, whatever the
//! team's size: each override is tested against the plain loop.

use core::marker::PhantomData;

use crate::op::{Add, Conv2d, DepthwiseConv2d, FullyConnected, Pool, Softmax};
use crate::{AllOperators, OpSet, OperatorSet};
use isokern_core::{Cells, Team};

use crate::operators::{add, conv2d, depthwise_conv2d, fully_connected, pool, softmax};

/// The loops an interpreter runs, one per operator with work to do.
///
/// Every method does the calling rank's share and returns without a barrier. The
/// provided methods are the plain loops: safe, portable, the oracle of all others.
pub trait Loops {
    /// The operator kinds this executor is built with; others leave no code behind.
    const OPERATORS: OpSet = OpSet::ALL;

    /// Runs a convolution; see [`conv2d::run`].
    fn conv2d<T: Team>(&self, team: &T, op: &Conv2d<'_>, arena: Cells<'_>) {
        conv2d::run(team, op, arena);
    }

    /// Runs a depthwise convolution; see [`depthwise_conv2d::run`].
    fn depthwise_conv2d<T: Team>(&self, team: &T, op: &DepthwiseConv2d<'_>, arena: Cells<'_>) {
        depthwise_conv2d::run(team, op, arena);
    }

    /// Runs a fully connected operator; see [`fully_connected::run`].
    fn fully_connected<T: Team>(&self, team: &T, op: &FullyConnected<'_>, arena: Cells<'_>) {
        fully_connected::run(team, op, arena);
    }

    /// Runs an addition; see [`add::run`].
    fn add<T: Team>(&self, team: &T, op: &Add, arena: Cells<'_>) {
        add::run(team, op, arena);
    }

    /// Runs an average pool; see [`pool::run`].
    fn pool<T: Team>(&self, team: &T, op: &Pool, arena: Cells<'_>) {
        pool::run(team, op, arena);
    }

    /// Runs a softmax; see [`softmax::run`].
    fn softmax<T: Team>(&self, team: &T, op: &Softmax, arena: Cells<'_>) {
        softmax::run(team, op, arena);
    }
}

/// The plain loops, for the operators of a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlainLoops<S = AllOperators> {
    operators: PhantomData<S>,
}

impl PlainLoops {
    /// Loops for every operator.
    #[must_use]
    pub const fn new() -> Self {
        Self::for_operators()
    }
}

impl<S> PlainLoops<S> {
    /// Loops for the operators of `S`.
    #[must_use]
    pub const fn for_operators() -> Self {
        Self { operators: PhantomData }
    }
}

impl<S: OperatorSet> Loops for PlainLoops<S> {
    const OPERATORS: OpSet = S::KINDS;
}
