//! Loops with vector instructions.
//!
//! `dispatch.rs` is the door to them. For each instruction set there is a file of
//! dot products and additions, one of depthwise convolutions and one of rescaling;
//! what they share (how activations are brought together, what a tile is) is in
//! `feed.rs`, `channel_lines.rs` and `tile.rs` and is compiled into each.
//!
//! Padding is filled with the input's zero point, which is real zero, and the zero
//! point itself is taken off through the sums of the weights; accumulators wrap, so
//! the order of the terms does not matter.

mod avx2;
mod avx2_depthwise;
mod avx2_quantize;
mod avx2_scale;
mod avx2_table;
mod avx2_windows;
mod avx512;
mod avx512_depthwise;
mod avx512_scale;
mod avx512_table;
mod channel_lines;
mod convert;
mod depthwise_lanes;
mod depthwise_walk;
mod dispatch;
mod extremes;
mod feed;
mod tile;
mod windows;

use isokern_core::{Cells, Solo, Team};
use isokern_model::Memory;
use isokern_model::layout::Layout;
use isokern_model::number::Number;
use isokern_model::operators::add::{Add, AddView};
use isokern_model::operators::binary::{self, Binary, BinaryView};
use isokern_model::operators::conv2d::{Conv2d, Conv2dView};
use isokern_model::operators::convert::{Conversion, Convert, ConvertView};
use isokern_model::operators::depthwise_conv2d::{DepthwiseConv2d, DepthwiseConv2dView};
use isokern_model::operators::fully_connected::{FullyConnected, FullyConnectedView};
use isokern_model::operators::moves::{self, Move, MoveView};
use isokern_model::operators::pool::{Pool, PoolView, Pooling};
use isokern_model::operators::reduce::{self, Reduce, ReduceView};
use isokern_model::operators::table::{Table, TableView};
use isokern_model::requant::Requant;
use isokern_model::weights::Weights;
use isokern_model::{Loops, Operator, Tensor};

pub(crate) use dispatch::{Avx2, Avx512};
use feed::Plan;
use tile::{ChannelDots, Dots, PlainLoop, Steps, Tile, Windows};

/// Loops that use the tiles of `T`, and plain ones where those do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct VectorLoops<T> {
    tile: T,
}

impl VectorLoops<Avx2> {
    /// Returns loops for AVX2, or nothing where the processor lacks it.
    pub(crate) fn avx2() -> Option<Self> {
        Avx2::detect().map(|tile| Self { tile })
    }
}

impl VectorLoops<Avx512> {
    /// Returns loops for AVX-512 with VNNI, or nothing where the processor lacks it.
    pub(crate) fn avx512() -> Option<Self> {
        Avx512::detect().map(|tile| Self { tile })
    }
}

impl<T: Tile> Loops for VectorLoops<T> {
    fn conv2d<M: Team>(&self, team: &M, op: &Conv2dView<'_>, memory: &Memory<'_>) {
        let is_dense = op.groups == 1 && op.weights.layout == Layout::Packed;
        let fits = team.size() == 1 && is_dense;
        let images = (op.input.image(), op.output.image());
        let plan = Plan::of_windows(images, op.window, &op.weights, op.input.zero_point());
        match plan.filter(|_| fits) {
            Some(plan) => {
                self.dots(plan, &op.weights, &op.requant, (&op.input, &op.output), memory);
            }
            None => Conv2d::run(team, op, memory),
        }
    }

    fn depthwise_conv2d<M: Team>(
        &self,
        team: &M,
        op: &DepthwiseConv2dView<'_>,
        memory: &Memory<'_>,
    ) {
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        let job = ChannelDots {
            input: op.input.image(),
            output: op.output.image(),
            window: op.window,
            weights: op.weights,
            requant: &op.requant,
            zero_point: op.input.zero_point(),
            depth_multiplier: op.depth_multiplier.max(1),
        };
        if !(team.size() == 1 && self.tile.depthwise(&job, x, y)) {
            DepthwiseConv2d::run(team, op, memory);
        }
    }

    fn fully_connected<M: Team>(&self, team: &M, op: &FullyConnectedView<'_>, memory: &Memory<'_>) {
        let packed = op.weights.layout == Layout::Packed;
        let fits = team.size() == 1 && packed && op.weight_zero_point == 0;
        let rows = op.output.len() / op.weights.outputs.max(1);
        let plan = Plan::of_rows(rows, &op.weights, op.input.zero_point());
        match plan.filter(|_| fits) {
            Some(plan) => {
                self.dots(plan, &op.weights, &op.requant, (&op.input, &op.output), memory);
            }
            None => FullyConnected::run(team, op, memory),
        }
    }

    fn add<M: Team>(&self, team: &M, op: &AddView, memory: &Memory<'_>) {
        if team.size() > 1 {
            return Add::run(team, op, memory);
        }
        let (a, b) = (memory.view(&op.input_a), memory.view(&op.input_b));
        self.tile.add(&op.scales, a, b, memory.view(&op.output));
    }

    fn binary<M: Team>(&self, team: &M, op: &BinaryView<'_>, memory: &Memory<'_>) {
        if team.size() > 1 {
            return Binary::run(team, op, memory);
        }
        self.tile.plain(PlainBinary(op, memory));
    }

    fn moves<M: Team>(&self, team: &M, op: &MoveView<'_>, memory: &Memory<'_>) {
        if team.size() > 1 {
            return Move::run(team, op, memory);
        }
        self.tile.plain(PlainMove(op, memory));
    }

    fn reduce<M: Team>(&self, team: &M, op: &ReduceView, memory: &Memory<'_>) {
        if team.size() > 1 {
            return Reduce::run(team, op, memory);
        }
        self.tile.plain(PlainReduce(op, memory));
    }

    fn pool<M: Team>(&self, team: &M, op: &PoolView, memory: &Memory<'_>) {
        if team.size() > 1 {
            return Pool::run(team, op, memory);
        }
        let job = Windows {
            input: op.input.image(),
            output: op.output.image(),
            window: op.window,
            activation: op.activation,
            is_max: op.operation == Pooling::Max,
        };
        self.tile.windows(&job, memory.view(&op.input), memory.view(&op.output));
    }

    fn convert<M: Team>(&self, team: &M, op: &ConvertView, memory: &Memory<'_>) {
        if team.size() > 1 {
            return Convert::run(team, op, memory);
        }
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        let steps = Steps { scale: op.output.scale(), zero_point: op.output.zero_point() };
        let done = match (op.operation, op.to) {
            (Conversion::Quantize, Number::I8) => self.tile.quantise_to_i8(steps, x, y),
            (Conversion::Quantize, Number::I16) => self.tile.quantise_to_i16(steps, x, y),
            _ => 0,
        };
        self.tile.plain(PlainConvert(op, done, x, y));
    }

    fn table<M: Team>(&self, team: &M, op: &TableView<'_>, memory: &Memory<'_>) {
        match op.table.first_chunk() {
            Some(table) if team.size() == 1 => {
                let (x, y) = (memory.view(&op.input), memory.view(&op.output));
                self.tile.table(table, op.flip(), x, y);
            }
            _ => Table::run(team, op, memory),
        }
    }
}

/// A conversion on one core, from a value on.
struct PlainConvert<'a>(&'a ConvertView, usize, Cells<'a>, Cells<'a>);

impl PlainLoop for PlainConvert<'_> {
    #[inline(always)]
    fn run(self) {
        convert::run(self.0, self.1, self.2, self.3);
    }
}

/// A function of two values on one core.
struct PlainBinary<'a>(&'a BinaryView<'a>, &'a Memory<'a>);

impl PlainLoop for PlainBinary<'_> {
    #[inline(always)]
    fn run(self) {
        if !extremes::run(self.0, self.1) {
            binary::run_inlined(&Solo, self.0, self.1);
        }
    }
}

/// A move on one core.
struct PlainMove<'a>(&'a MoveView<'a>, &'a Memory<'a>);

impl PlainLoop for PlainMove<'_> {
    #[inline(always)]
    fn run(self) {
        moves::run_alone(self.0, self.1);
    }
}

/// A reduction on one core.
struct PlainReduce<'a>(&'a ReduceView, &'a Memory<'a>);

impl PlainLoop for PlainReduce<'_> {
    #[inline(always)]
    fn run(self) {
        reduce::run_inlined(&Solo, self.0, self.1);
    }
}

impl<T: Tile> VectorLoops<T> {
    fn dots(
        &self,
        plan: Plan,
        weights: &Weights<'_>,
        requant: &Requant<'_>,
        (input, output): (&Tensor, &Tensor),
        memory: &Memory<'_>,
    ) {
        let (x, y) = (memory.view(input), memory.view(output));
        self.tile.dots(&Dots { plan, weights, requant, zero_point: input.zero_point(), x, y });
    }
}
