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

use crate::memory::Memory;
use isokern_core::Team;

use crate::kind::{AllOperators, OpSet, OperatorSet};
use crate::operator::Operator;
use crate::operators::add::{Add, AddView};
use crate::operators::binary::{Binary, BinaryView};
use crate::operators::conv2d::{Conv2d, Conv2dView};
use crate::operators::convert::{Convert, ConvertView};
use crate::operators::depthwise_conv2d::{DepthwiseConv2d, DepthwiseConv2dView};
use crate::operators::fully_connected::{FullyConnected, FullyConnectedView};
use crate::operators::moves::{Move, MoveView};
use crate::operators::pool::{Pool, PoolView};
use crate::operators::reduce::{Reduce, ReduceView};
use crate::operators::table::{Table, TableView};

/// The loops an interpreter runs, one for each kind that some executor has a faster one for.
///
/// Every method does the calling rank's share and returns without a barrier. The
/// provided methods are the plain loops: safe, portable, the oracle of all others.
pub trait Loops {
    /// The operator kinds this executor is built with; others add no code.
    const OPERATORS: OpSet = OpSet::ALL;

    /// Runs a convolution; see [`Conv2d`].
    fn conv2d<T: Team>(&self, team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
        Conv2d::run(team, op, memory);
    }

    /// Runs a depthwise convolution; see [`DepthwiseConv2d`].
    fn depthwise_conv2d<T: Team>(
        &self,
        team: &T,
        op: &DepthwiseConv2dView<'_>,
        memory: &Memory<'_>,
    ) {
        DepthwiseConv2d::run(team, op, memory);
    }

    /// Runs a fully connected operator; see [`FullyConnected`].
    fn fully_connected<T: Team>(&self, team: &T, op: &FullyConnectedView<'_>, memory: &Memory<'_>) {
        FullyConnected::run(team, op, memory);
    }

    /// Runs an addition; see [`Add`].
    fn add<T: Team>(&self, team: &T, op: &AddView, memory: &Memory<'_>) {
        Add::run(team, op, memory);
    }

    /// Runs a conversion; see [`Convert`].
    fn convert<T: Team>(&self, team: &T, op: &ConvertView, memory: &Memory<'_>) {
        Convert::run(team, op, memory);
    }

    /// Runs a look-up; see [`Table`].
    fn table<T: Team>(&self, team: &T, op: &TableView<'_>, memory: &Memory<'_>) {
        Table::run(team, op, memory);
    }

    /// Runs a pool; see [`Pool`].
    fn pool<T: Team>(&self, team: &T, op: &PoolView, memory: &Memory<'_>) {
        Pool::run(team, op, memory);
    }

    /// Runs a function of two values; see [`Binary`].
    fn binary<T: Team>(&self, team: &T, op: &BinaryView<'_>, memory: &Memory<'_>) {
        Binary::run(team, op, memory);
    }

    /// Runs a move; see [`Move`].
    fn moves<T: Team>(&self, team: &T, op: &MoveView<'_>, memory: &Memory<'_>) {
        Move::run(team, op, memory);
    }

    /// Runs a reduction; see [`Reduce`].
    fn reduce<T: Team>(&self, team: &T, op: &ReduceView, memory: &Memory<'_>) {
        Reduce::run(team, op, memory);
    }
}

/// The plain loops, for the operators of a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlainLoops<S = AllOperators> {
    operators: PhantomData<S>,
}

impl PlainLoops {
    /// Returns the loops for every operator.
    #[must_use]
    pub const fn new() -> Self {
        Self::for_operators()
    }
}

impl<S> PlainLoops<S> {
    /// Returns the loops for the operators of `S`.
    #[must_use]
    pub const fn for_operators() -> Self {
        Self { operators: PhantomData }
    }
}

impl<S: OperatorSet> Loops for PlainLoops<S> {
    const OPERATORS: OpSet = S::KINDS;
}
