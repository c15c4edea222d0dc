//! Convolution: each output channel is a dot product over a window of all channels.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use isokern_core::{Cells, Team};

use crate::geometry::Window;
use crate::layout::{BLOCK_OUTPUTS, Terms};
use crate::loops::Loops;
use crate::operator::{Check, Cost, Operator, Outline, require};
use crate::operators::dot::dot;
use crate::operators::dot_body::{DotBody, outline};
use crate::operators::images;
use crate::requant::{Requant, requantise};
use crate::site::OperatorSite;
use crate::tensor::Tensor;
use crate::weights::{StoredWeights, Weights};

/// The kind of convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d;

/// A convolution over an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conv2dView<'m> {
    /// An image.
    pub input: Tensor,
    /// An image.
    pub output: Tensor,
    /// The kernel.
    pub window: Window,
    /// Groups of channels, as many of the input as of the output: an output reads those of its own
    /// group alone.
    pub groups: usize,
    /// Input channels of a group.
    pub depth: usize,
    /// One dot product per output channel.
    pub weights: Weights<'m>,
    /// Bias and scales.
    pub requant: Requant<'m>,
}

impl Operator for Conv2d {
    type Body = DotBody;
    type View<'m> = Conv2dView<'m>;
    const INPUTS: RangeInclusive<usize> = 1..=1;

    #[inline(never)] // A stack frame of its own: one view at a time is built on firmware's stack.
    fn view<'m>(site: &OperatorSite<'m>, body: &DotBody) -> Conv2dView<'m> {
        let (input, output) = (site.input(0), site.output(0));
        let groups = usize::from(body.groups.max(1));
        let depth = input.image().channels / groups;
        let row_terms = usize::from(body.window.kernel_width).saturating_mul(depth);
        let terms = Terms { rows: body.window.kernel_height.into(), row_terms };
        Conv2dView {
            input,
            output,
            window: body.window,
            groups,
            depth,
            weights: body.weights(site, terms),
            requant: body.requant(site, &output),
        }
    }

    fn check(site: &OperatorSite<'_>, body: &DotBody, view: &Conv2dView<'_>) -> Check {
        images(&view.input, &view.output, &view.window)?;
        require(view.weights.outputs == view.output.image().channels, "outputs")?;
        let rest = |channels: usize| channels % view.groups.max(1);
        let rests = rest(view.input.image().channels) | rest(view.output.image().channels);
        require(body.groups != 1 && rests == 0, "groups")?;
        require(body.depth_multiplier == 0, "depth_multiplier")?;
        require(body.weight_zero_point == 0, "weight_zero_point")?;
        body.check_requant(site, true)?;
        body.check_weights(site, &view.weights)
    }

    fn cost(view: &Conv2dView<'_>) -> Cost {
        let terms = view.weights.terms.count();
        Cost::of_dots(&view.output, terms, view.weights.values.len())
    }

    /// Runs the calling rank's share of a convolution.
    ///
    /// For output row `i`, column `j`, channel `o`:
    /// `acc = bias[o] + sum of w[o][r][s][c] * (x[i'][j'][c] - zero_point)` over the
    /// kernel cells inside the input and the channels of the group of `o`, then
    /// [`requantise`]. Cells of padding
    /// are left out, which is real zero. Source: TensorFlow Lite
    /// `kernels/internal/reference/integer_ops/conv.h`.
    ///
    /// A tile is 16 channels of one position.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
        let output = op.output.image();
        let blocks = output.channels.div_ceil(BLOCK_OUTPUTS).max(1);
        let cells = (memory.view(&op.input), memory.view(&op.output));
        for tile_index in team.share(output.positions() * blocks) {
            tile(op, cells, tile_index / blocks, tile_index % blocks * BLOCK_OUTPUTS);
        }
    }

    #[inline]
    fn items(view: &Conv2dView<'_>) -> u32 {
        view.output.images() as u32
    }

    #[inline]
    fn step_to(view: &mut Conv2dView<'_>, item: u32) {
        view.input.step_to_image(item);
        view.output.step_to_image(item);
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(
        team: &T,
        loops: &L,
        view: &Conv2dView<'_>,
        memory: &Memory<'_>,
    ) {
        loops.conv2d(team, view, memory);
    }

    fn weights<'m>(view: &Self::View<'m>) -> StoredWeights<'m> {
        StoredWeights::ByLayout(view.weights)
    }

    fn outline(view: &Conv2dView<'_>) -> Outline {
        Outline {
            activation: Some(view.requant.activation),
            window: Some(view.window),
            dots: Some(outline(&view.requant, view.weights.terms.count(), 0)),
            ..Outline::default()
        }
    }
}

#[inline(always)]
fn tile(
    op: &Conv2dView<'_>,
    (x, y): (Cells<'_>, Cells<'_>),
    position: usize,
    first_channel: usize,
) {
    let (input, output) = (op.input.image(), op.output.image());
    let (row, column) = (position / output.width.max(1), position % output.width.max(1));
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let (row_first, row_end, first_y) = rows.inside(row, input.height);
    let (column_first, column_end, first_x) = columns.inside(column, input.width);
    let cells = column_end - column_first;
    // The channels of a group are no neighbours of those in the next cell.
    let (run_cells, run_count) = if op.groups > 1 { (1, cells) } else { columns.runs(cells) };
    let depth = op.depth;
    let zero_point = op.input.zero_point();
    for channel in first_channel..output.channels.min(first_channel + BLOCK_OUTPUTS) {
        let mut sum = op.requant.bias.get(channel).copied().unwrap_or(0);
        let first = if op.groups > 1 { group_of(op, channel) * depth } else { 0 };
        for row in row_first..row_end {
            let line = (first_y + (row - row_first) * rows.dilation) * input.width + first_x;
            for run in 0..run_count {
                let cell = (line + run * columns.dilation) * input.channels + first;
                let xs = x.window(cell, run_cells * depth).as_slice();
                let place = (row, (column_first + run) * depth);
                sum = sum.wrapping_add(dot(&op.weights, channel, place, xs, zero_point));
            }
        }
        y.set(position * output.channels + channel, requantise(&op.requant, channel, sum));
    }
}

/// Returns the group that an output channel belongs to; the first for no outputs at all.
#[inline(never)] // Seldom called, and a division.
fn group_of(op: &Conv2dView<'_>, channel: usize) -> usize {
    let outputs = op.output.image().channels.checked_div(op.groups);
    channel.checked_div(outputs.unwrap_or(0)).unwrap_or(0)
}
