//! Loops for processors that multiply two values in a step and have many registers, as a RISC-V has
//! 31.
//!
//! Convolutions compute four positions by four outputs at a time, whose sums are in registers,
//! fully connected operators eight outputs of a row, depthwise convolutions four channels. Weights
//! must be in the row layout; the rest runs the plain loops.
//!
//! [`BlockMacLoops`] is written over [`BlockMac`], whose provided methods are plain code;
//! [`PortableBlockMac`] has nothing else.

mod convolution;
mod dense;
mod position_block;

use core::cell::Cell;
use core::marker::PhantomData;

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::geometry::{Axis, Window};
use isokern_model::layout::Layout;
use isokern_model::operators::add::AddView;
use isokern_model::operators::conv2d::{Conv2d, Conv2dView};
use isokern_model::operators::depthwise_conv2d::{DepthwiseConv2d, DepthwiseConv2dView};
use isokern_model::operators::fully_connected::{FullyConnected, FullyConnectedView};
use isokern_model::requant::{Requant, requantise};
use isokern_model::tensor::Image;
use isokern_model::{AllOperators, Loops, OpSet, Operator, OperatorSet};

use crate::depthwise;
use crate::depthwise::FourChannels;
use crate::scale::{Rescale, Scale, add};
use crate::single_mac::WideProducts;

/// Activations of four positions that meet the same weights, less their zero point.
pub type Four = [i16; 4];

/// The sums of four outputs, each at four positions.
pub type Block = [[i32; 4]; 4];

/// Sums of products, sixteen at a time.
pub trait BlockMac: FourChannels {
    /// Adds to each of `blocks` the products of four positions with the next four rows of weights,
    /// which start `stride` apart in `rows`. The caller gives `rows` at least
    /// `(4 * blocks.len() - 1) * stride + xs.len()` weights; of fewer it is left open which are
    /// used.
    #[inline]
    fn four_by_four(xs: &[Four], rows: &[i8], stride: usize, blocks: &mut [Block]) {
        let sums = blocks.as_flattened_mut();
        for (index, sums) in sums.iter_mut().enumerate() {
            let weights = rows.get(index * stride..).unwrap_or(&[]);
            for (xs, weight) in xs.iter().zip(weights) {
                for (sum, x) in sums.iter_mut().zip(xs) {
                    *sum = sum.wrapping_add(i32::from(*x) * i32::from(*weight));
                }
            }
        }
    }

    /// Adds to the first of each of `sums` the products of `xs`, less `zero_point`, with a row of
    /// weights, which start `stride` apart in `rows`; those after the row `last` are left open. The
    /// caller gives `rows` at least `last * stride + xs.len()` weights; of fewer it is left open
    /// which are used.
    #[inline]
    fn eight_rows(
        xs: &[Cell<i8>],
        zero_point: i32,
        (rows, stride, last): (&[i8], usize, usize),
        sums: &mut [[i32; 4]; 8],
    ) {
        for (index, [sum, ..]) in sums.iter_mut().enumerate().take(last + 1) {
            let row = rows.get(index * stride..).unwrap_or(&[]);
            for (x, weight) in xs.iter().zip(row) {
                let x = i32::from(x.get()) - zero_point;
                *sum = sum.wrapping_add(x.wrapping_mul(i32::from(*weight)));
            }
        }
    }

    /// Requantises `sums`, a row for each output from the one `first` on, and stores them, of as
    /// many positions as `count` says: that of position `p` and the row `i` at the cell
    /// `p * step + i`. Every sum has room for a product of 32 bits. Nothing is stored outside.
    #[inline(always)]
    fn store(
        sums: &[[i32; 4]],
        requant: &Requant<'_>,
        first: usize,
        ys: Cells<'_>,
        (count, step): (usize, usize),
    ) {
        for (index, sums) in sums.iter().enumerate() {
            let scale = Scale::of(requant, first + index);
            for (position, sum) in sums.iter().take(count).enumerate() {
                let y = Self::requantised(*sum, scale, requant.zero_point);
                ys.set(position * step + index, y);
            }
        }
    }
}

/// Plain code throughout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortableBlockMac;

impl BlockMac for PortableBlockMac {}

impl FourChannels for PortableBlockMac {
    const HAS_RECTANGLES: bool = true;
}

impl Rescale for PortableBlockMac {
    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        WideProducts::scaled(value, scale)
    }

    #[inline(always)]
    fn requantised(value: i32, scale: Scale, zero_point: i32) -> i8 {
        WideProducts::requantised(value, scale, zero_point)
    }
}

/// Where requantised values go: that of position `p` and the output `o` to the cell
/// `(first + p) * outputs + o`.
#[derive(Debug, Clone, Copy)]
struct Places<'a> {
    y: Cells<'a>,
    outputs: usize,
    first: usize,
    count: usize,
}

/// Chooses the loop of a convolution.
#[inline(never)] // No frame: both calls are its last.
fn convolve<M: BlockMac, T: Team>(team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
    if is_whole_input(&op.window, op.input.image()) {
        dense::run::<M, T>(team, (&op.input, &op.output), (&op.weights, &op.requant), memory);
    } else {
        convolution::run::<M, T>(team, op, memory);
    }
}

/// Returns whether a window that starts with the input is all of it.
fn is_whole_input(window: &Window, input: Image) -> bool {
    let is_whole = |axis: Axis, len: usize| {
        axis.pad == 0 && axis.kernel == len && axis.extent() == len && len != 0
    };
    is_whole(window.rows(), input.height) && is_whole(window.columns(), input.width)
}

/// Requantises `sums`, a row for each output from the one `first` on, and stores them.
#[inline(never)] // Once in the code.
fn store<M: BlockMac>(
    sums: &[[i32; 4]],
    (requant, have_room): (&Requant<'_>, bool),
    first: usize,
    places: &Places<'_>,
) {
    let Places { y, outputs, count, .. } = *places;
    let start = places.first * outputs + first;
    if have_room {
        let ys = y.window(start, y.len().saturating_sub(start));
        return M::store(sums, requant, first, ys, (count, outputs));
    }
    for (index, sums) in sums.iter().enumerate() {
        for (position, sum) in sums.iter().take(count).enumerate() {
            let value = requantise(requant, first + index, *sum);
            y.set(start + position * outputs + index, value);
        }
    }
}

/// Loops that use `M` for the operators of `S`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlockMacLoops<M, S = AllOperators> {
    instructions: PhantomData<(M, S)>,
}

impl<M, S> BlockMacLoops<M, S> {
    /// Returns the loops.
    #[must_use]
    pub const fn for_operators() -> Self {
        Self { instructions: PhantomData }
    }
}

impl<M: BlockMac, S: OperatorSet> Loops for BlockMacLoops<M, S> {
    const OPERATORS: OpSet = S::KINDS;

    #[inline]
    fn conv2d<T: Team>(&self, team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
        if op.groups != 1 || op.weights.layout != Layout::Row {
            Conv2d::run(team, op, memory);
        } else {
            convolve::<M, T>(team, op, memory);
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
            depthwise::run::<M, T>(team, op, memory);
        } else {
            DepthwiseConv2d::run(team, op, memory);
        }
    }

    #[inline]
    fn fully_connected<T: Team>(&self, team: &T, op: &FullyConnectedView<'_>, memory: &Memory<'_>) {
        if op.weights.layout == Layout::Row && op.weight_zero_point == 0 {
            let tensors = (&op.input, &op.output);
            dense::run::<M, T>(team, tensors, (&op.weights, &op.requant), memory);
        } else {
            FullyConnected::run(team, op, memory);
        }
    }

    #[inline]
    fn add<T: Team>(&self, team: &T, op: &AddView, memory: &Memory<'_>) {
        add::run::<M, T>(team, op, memory);
    }
}
