//! From the view of an operator to what the loops here read, in numbers 32 bits wide.
//!
//! The loops know no operator: they run jobs. A job is in memory, so that a call takes few
//! registers.

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::geometry::Window;
use isokern_model::operators::conv2d::Conv2dView;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2dView;
use isokern_model::operators::fully_connected::FullyConnectedView;
use isokern_model::requant::Requant;
use isokern_model::tensor::Tensor;

use super::QuadMac;
use super::feed::Shape;
use super::scale::Target;
use super::single::Order;
use super::{depthwise, dots, single};

/// Runs the calling rank's share of a convolution in tiles; `false`, with nothing done, if the
/// weights are not aligned.
#[inline(never)] // A stack frame of its own, as all of these: the largest counts, not their sum.
pub(super) fn conv2d<D: QuadMac, T: Team>(
    team: &T,
    op: &Conv2dView<'_>,
    memory: &Memory<'_>,
) -> bool {
    dots::run::<D, T>(team, &dots::Job::conv2d(op, memory))
}

/// Runs the calling rank's share of a fully connected operator in tiles; `false`, with nothing
/// done, if the weights are not aligned.
#[inline(never)]
pub(super) fn fully_connected<D: QuadMac, T: Team>(
    team: &T,
    op: &FullyConnectedView<'_>,
    memory: &Memory<'_>,
) -> bool {
    dots::run::<D, T>(team, &dots::Job::fully_connected(op, memory))
}

/// Runs the calling rank's share of a depthwise convolution in tiles; `false`, with nothing done,
/// if channels are not whole words.
#[inline(never)]
pub(super) fn depthwise_conv2d<D: QuadMac, T: Team>(
    team: &T,
    op: &DepthwiseConv2dView<'_>,
    memory: &Memory<'_>,
) -> bool {
    // By reference: a device copies a job byte by byte.
    match &depthwise::Job::new(op, memory) {
        Some(job) => depthwise::run::<D, T>(team, job),
        None => return false,
    }
    true
}

/// Runs the calling rank's share of any convolution, one output at a time.
#[inline(never)]
pub(super) fn single_conv2d<D: QuadMac, T: Team>(
    team: &T,
    op: &Conv2dView<'_>,
    memory: &Memory<'_>,
) {
    single::run::<D, T>(team, &single::Job::conv2d(op, memory));
}

/// Runs the calling rank's share of any depthwise convolution, one output at a time.
#[inline(never)]
pub(super) fn single_depthwise_conv2d<D: QuadMac, T: Team>(
    team: &T,
    op: &DepthwiseConv2dView<'_>,
    memory: &Memory<'_>,
) {
    single::run::<D, T>(team, &single::Job::depthwise_conv2d(op, memory));
}

/// Runs the calling rank's share of any fully connected operator, one output at a time.
#[inline(never)]
pub(super) fn single_fully_connected<D: QuadMac, T: Team>(
    team: &T,
    op: &FullyConnectedView<'_>,
    memory: &Memory<'_>,
) {
    single::run::<D, T>(team, &single::Job::fully_connected(op, memory));
}

impl<'a> dots::Job<'a> {
    #[inline(never)] // All fields are in registers at once here, and nowhere else.
    fn conv2d(op: &'a Conv2dView<'a>, memory: &Memory<'a>) -> Self {
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        Self::new(Shape::conv2d(op), &op.weights, &op.requant, x, y)
    }

    #[inline(never)] // As above.
    fn fully_connected(op: &'a FullyConnectedView<'a>, memory: &Memory<'a>) -> Self {
        let (x, y) = (memory.view(&op.input), memory.view(&op.output));
        Self::new(Shape::fully_connected(op), &op.weights, &op.requant, x, y)
    }
}

impl<'a> depthwise::Job<'a> {
    /// Returns the job, if channels are whole words and all is aligned.
    #[inline(never)] // As above.
    fn new(op: &'a DepthwiseConv2dView<'a>, memory: &Memory<'a>) -> Option<Self> {
        let (input, output) = (op.input.image(), op.output.image());
        if !output.channels.is_multiple_of(4) {
            return None;
        }
        Some(Self {
            window: op.window,
            height: input.height as u32,
            width: input.width as u32,
            out_width: output.width as u32,
            positions: output.positions() as u32,
            quads: output.channels as u32 / 4,
            zero_point: op.input.zero_point(),
            weights: bytemuck::try_cast_slice(op.weights).ok()?,
            words: memory.view(&op.input).as_words()?,
            requant: &op.requant,
            target: Target::new(memory.view(&op.output), output.channels),
        })
    }
}

impl<'a> single::Job<'a> {
    #[inline(never)] // As above.
    fn conv2d(op: &'a Conv2dView<'a>, memory: &Memory<'a>) -> Self {
        let (input, output) = (op.input.image(), op.output.image());
        Self {
            depth: (input.channels / op.groups) as u32,
            multiplier: (output.channels / op.groups) as u32,
            order: Order::of(op.weights.layout),
            weights: op.weights.values,
            ..Self::image((&op.input, &op.output), op.window, &op.requant, memory)
        }
    }

    #[inline(never)] // As above.
    fn depthwise_conv2d(op: &'a DepthwiseConv2dView<'a>, memory: &Memory<'a>) -> Self {
        Self {
            depth: 1,
            multiplier: op.depth_multiplier as u32,
            order: Order::Depthwise,
            weights: op.weights,
            ..Self::image((&op.input, &op.output), op.window, &op.requant, memory)
        }
    }

    /// Returns a window over all channels of an image, without weights yet.
    #[inline(always)]
    fn image(
        (input, output): (&Tensor, &Tensor),
        window: Window,
        requant: &'a Requant<'a>,
        memory: &Memory<'a>,
    ) -> Self {
        let (image, out) = (input.image(), output.image());
        Self {
            window,
            height: image.height as u32,
            width: image.width as u32,
            channels: image.channels as u32,
            out_width: out.width as u32,
            positions: out.positions() as u32,
            outputs: out.channels as u32,
            depth: image.channels as u32,
            multiplier: 1,
            order: Order::Row,
            weights: &[],
            zero_point: input.zero_point(),
            weight_zero_point: 0,
            requant,
            x: memory.view(input),
            y: memory.view(output),
        }
    }

    #[inline(never)] // As above.
    fn fully_connected(op: &'a FullyConnectedView<'a>, memory: &Memory<'a>) -> Self {
        let unit = Window {
            kernel_height: 1,
            kernel_width: 1,
            stride_height: 1,
            stride_width: 1,
            dilation_height: 1,
            dilation_width: 1,
            pad_top: 0,
            pad_left: 0,
        };
        let positions = (op.output.len() / op.weights.outputs.max(1)) as u32;
        Self {
            window: unit,
            height: positions,
            width: 1,
            channels: op.weights.terms.row_terms as u32,
            out_width: 1,
            positions,
            outputs: op.weights.outputs as u32,
            depth: op.weights.terms.row_terms as u32,
            multiplier: op.weights.outputs as u32,
            order: Order::of(op.weights.layout),
            weights: op.weights.values,
            zero_point: op.input.zero_point(),
            weight_zero_point: op.weight_zero_point,
            requant: &op.requant,
            x: memory.view(&op.input),
            y: memory.view(&op.output),
        }
    }
}

impl Shape {
    #[inline(always)]
    fn conv2d(op: &Conv2dView<'_>) -> Self {
        let (input, output) = (op.input.image(), op.output.image());
        Self {
            row_stride: op.window.stride_height.into(),
            row_dilation: op.window.dilation_height.into(),
            row_pad: op.window.pad_top.into(),
            kernel_width: op.window.kernel_width.into(),
            column_stride: op.window.stride_width.into(),
            column_pad: op.window.pad_left.into(),
            height: input.height as u32,
            width: input.width as u32,
            channels: input.channels as u32,
            out_width: output.width as u32,
            positions: output.positions() as u32,
            zero_point: op.input.zero_point(),
        }
    }

    #[inline(always)]
    fn fully_connected(op: &FullyConnectedView<'_>) -> Self {
        let positions = (op.output.len() / op.weights.outputs.max(1)) as u32;
        Self {
            row_stride: 1,
            row_dilation: 1,
            row_pad: 0,
            kernel_width: 1,
            column_stride: 1,
            column_pad: 0,
            height: positions,
            width: 1,
            channels: op.weights.terms.row_terms as u32,
            out_width: 1,
            positions,
            zero_point: op.input.zero_point(),
        }
    }
}
