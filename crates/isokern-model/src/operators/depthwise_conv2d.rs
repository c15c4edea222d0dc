//! Depthwise convolution: each channel has kernels of its own.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use isokern_core::{Cells, Team};

use crate::geometry::Window;
use crate::layout::BLOCK_OUTPUTS;
use crate::loops::Loops;
use crate::operator::{Check, Cost, Operator, Outline, require};
use crate::operators::dot_body::{DotBody, outline};
use crate::operators::images;
use crate::requant::{Requant, requantise};
use crate::site::OperatorSite;
use crate::tensor::Tensor;
use crate::weights::StoredWeights;

/// The kind of depthwise convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthwiseConv2d;

/// A convolution of each channel with kernels of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DepthwiseConv2dView<'m> {
    /// An image.
    pub input: Tensor,
    /// An image with `depth_multiplier` times the channels.
    pub output: Tensor,
    /// The kernel.
    pub window: Window,
    /// Output channel `c * depth_multiplier + m` reads input channel `c`.
    pub depth_multiplier: usize,
    /// `[kernel row][kernel column][output channel]`, in both layouts.
    pub weights: &'m [i8],
    /// Bias and scales.
    pub requant: Requant<'m>,
}

impl Operator for DepthwiseConv2d {
    type Body = DotBody;
    type View<'m> = DepthwiseConv2dView<'m>;
    const INPUTS: RangeInclusive<usize> = 1..=1;

    #[inline(never)] // A stack frame of its own: one view at a time is built on firmware's stack.
    fn view<'m>(site: &OperatorSite<'m>, body: &DotBody) -> DepthwiseConv2dView<'m> {
        let output = site.output(0);
        DepthwiseConv2dView {
            input: site.input(0),
            output,
            window: body.window,
            depth_multiplier: body.depth_multiplier.into(),
            weights: DotBody::fixed_weights(site),
            requant: body.requant(site, &output),
        }
    }

    fn check(site: &OperatorSite<'_>, body: &DotBody, view: &DepthwiseConv2dView<'_>) -> Check {
        images(&view.input, &view.output, &view.window)?;
        let channels = view.output.image().channels;
        require(body.outputs as usize == channels, "outputs")?;
        let expected = view.input.image().channels.checked_mul(view.depth_multiplier);
        require(expected == Some(channels), "depth_multiplier")?;
        require(body.weight_zero_point == 0, "weight_zero_point")?;
        body.check_requant(site, false)?;
        DotBody::check_fixed_weights(site, taps(&view.window).checked_mul(channels))
    }

    fn cost(view: &DepthwiseConv2dView<'_>) -> Cost {
        Cost::of_dots(&view.output, taps(&view.window), view.weights.len())
    }

    /// Runs the calling rank's share of a depthwise convolution.
    ///
    /// As [`Conv2d`](super::conv2d::Conv2d), but output channel `c * depth_multiplier + m`
    /// sums over the cells of input channel `c` alone. Source: TensorFlow Lite
    /// `kernels/internal/reference/integer_ops/depthwise_conv.h`.
    ///
    /// A tile is 16 channels of one position.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &DepthwiseConv2dView<'_>, memory: &Memory<'_>) {
        let output = op.output.image();
        let blocks = output.channels.div_ceil(BLOCK_OUTPUTS).max(1);
        let cells = (memory.view(&op.input), memory.view(&op.output));
        for tile_index in team.share(output.positions() * blocks) {
            tile(op, cells, tile_index / blocks, tile_index % blocks * BLOCK_OUTPUTS);
        }
    }

    #[inline]
    fn items(view: &DepthwiseConv2dView<'_>) -> u32 {
        view.output.images() as u32
    }

    #[inline]
    fn step_to(view: &mut DepthwiseConv2dView<'_>, item: u32) {
        view.input.step_to_image(item);
        view.output.step_to_image(item);
    }

    #[inline(always)]
    fn run_with<T: Team, L: Loops>(
        team: &T,
        loops: &L,
        view: &DepthwiseConv2dView<'_>,
        memory: &Memory<'_>,
    ) {
        loops.depthwise_conv2d(team, view, memory);
    }

    fn weights<'m>(view: &Self::View<'m>) -> StoredWeights<'m> {
        StoredWeights::Fixed(view.weights)
    }

    fn outline(view: &DepthwiseConv2dView<'_>) -> Outline {
        Outline {
            activation: Some(view.requant.activation),
            window: Some(view.window),
            dots: Some(outline(&view.requant, taps(&view.window), 0)),
            depth_multiplier: Some(view.depth_multiplier),
            ..Outline::default()
        }
    }
}

/// Returns the number of cells of the kernel.
const fn taps(window: &Window) -> usize {
    (window.kernel_height as usize).saturating_mul(window.kernel_width as usize)
}

#[inline(always)]
fn tile(
    op: &DepthwiseConv2dView<'_>,
    (x, y): (Cells<'_>, Cells<'_>),
    position: usize,
    first_channel: usize,
) {
    let channels = op.output.image().channels;
    let mut sums = [0_i32; BLOCK_OUTPUTS];
    for (sum, bias) in sums.iter_mut().zip(op.requant.bias.iter().skip(first_channel)) {
        *sum = *bias;
    }
    accumulate(op, x, position, first_channel, &mut sums);
    for (channel, sum) in (first_channel..channels).zip(sums) {
        y.set(position * channels + channel, requantise(&op.requant, channel, sum));
    }
}

/// Adds the window at `position` to the sums of the channels from `first_channel`.
#[inline(always)]
fn accumulate(
    op: &DepthwiseConv2dView<'_>,
    x: Cells<'_>,
    position: usize,
    first_channel: usize,
    sums: &mut [i32; BLOCK_OUTPUTS],
) {
    let (input, output) = (op.input.image(), op.output.image());
    let width = output.width.max(1);
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let zero_point = op.input.zero_point();
    let multiplier = op.depth_multiplier.max(1);
    let (row_first, row_end, first_y) = rows.inside(position / width, input.height);
    let (column_first, column_end, first_x) = columns.inside(position % width, input.width);
    for row in row_first..row_end {
        let input_row = (first_y + (row - row_first) * rows.dilation) * input.width;
        for column in column_first..column_end {
            let cell = input_row + first_x + (column - column_first) * columns.dilation;
            let term = (row * columns.kernel + column) * output.channels;
            let end = (term + first_channel + BLOCK_OUTPUTS).min(term + output.channels);
            let ws = op.weights.get(term + first_channel..end).unwrap_or(&[]);
            if multiplier == 1 {
                let xs = x.window(cell * input.channels + first_channel, ws.len()).as_slice();
                for ((sum, w), value) in sums.iter_mut().zip(ws).zip(xs) {
                    add(sum, value.get(), *w, zero_point);
                }
                continue;
            }
            for ((sum, w), channel) in sums.iter_mut().zip(ws).zip(first_channel..) {
                let value = x.get(cell * input.channels + channel / multiplier);
                add(sum, value, *w, zero_point);
            }
        }
    }
}

#[inline(always)]
fn add(sum: &mut i32, value: i8, weight: i8, zero_point: i32) {
    *sum = sum.wrapping_add((i32::from(value) - zero_point) * i32::from(weight));
}
