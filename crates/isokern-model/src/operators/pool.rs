//! Pooling: one value for the cells of a window, channel by channel.

use core::ops::RangeInclusive;

use crate::memory::Memory;
use bytemuck::{Pod, Zeroable};
use isokern_core::{Cells, Team};

use crate::fixed::clamp;
use crate::geometry::Window;
use crate::layout::BLOCK_OUTPUTS;
use crate::loops::Loops;
use crate::operator::{Check, Cost, Operator, Outline, require};
use crate::operators::images;
use crate::requant::Activation;
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// The kind of pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool;

/// Body of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct PoolBody {
    /// The window.
    pub window: Window,
    /// Least output value.
    pub activation_min: i8,
    /// Greatest output value.
    pub activation_max: i8,
    /// What a window comes to: [`Pooling::code`].
    pub operation: u8,
    /// Zero.
    pub reserved: u8,
}

const _: () = assert!(size_of::<PoolBody>() == 20);

isokern_core::numbered! {
    /// What the cells of a window come to.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Pooling: u8, code, from_code {
        /// Their mean.
        Average = 0,
        /// The greatest of them.
        Max = 1,
    }
}

impl Pooling {
    /// Returns the word that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Max => "max",
        }
    }
}

/// One value for the cells of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolView {
    /// An image.
    pub input: Tensor,
    /// An image of as many channels.
    pub output: Tensor,
    /// The cells one value is taken of; padding does not count.
    pub window: Window,
    /// Least and greatest output value.
    pub activation: Activation,
    /// What is computed.
    pub operation: Pooling,
}

impl Operator for Pool {
    type Body = PoolBody;
    type View<'m> = PoolView;
    const INPUTS: RangeInclusive<usize> = 1..=1;

    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    fn view<'m>(site: &OperatorSite<'m>, body: &PoolBody) -> PoolView {
        PoolView {
            input: site.input(0),
            output: site.output(0),
            window: body.window,
            activation: Activation { min: body.activation_min, max: body.activation_max },
            operation: Pooling::from_code(body.operation).unwrap_or(Pooling::Average),
        }
    }

    fn check(site: &OperatorSite<'_>, body: &PoolBody, view: &PoolView) -> Check {
        require(site.constant_count() == 0, "constant_count")?;
        require(Pooling::from_code(body.operation).is_some(), "operation")?;
        require(body.reserved == 0, "body")?;
        images(&view.input, &view.output, &view.window)?;
        require(view.input.image().channels == view.output.image().channels, "output")?;
        let dilation = (view.window.dilation_height, view.window.dilation_width);
        require(dilation == (1, 1), "window")?;
        require(view.activation.is_range(), "activation_min")
    }

    fn cost(view: &PoolView) -> Cost {
        let cells = u64::from(view.window.kernel_height) * u64::from(view.window.kernel_width);
        let work = (view.output.bytes() as u64).saturating_mul(cells);
        Cost { work, ..Cost::default() }
    }

    /// Runs the calling rank's share of a pool.
    ///
    /// Of the raw values inside the input the mean, to nearest, ties away from zero, or the
    /// greatest; cells of padding do not count. Input and output share scale and zero point.
    /// Source: TensorFlow Lite `kernels/internal/reference/integer_ops/pooling.h`.
    ///
    /// A tile is 16 channels of one position.
    #[inline(never)] // A stack frame of its own: the largest operator counts, not their sum.
    fn run<T: Team>(team: &T, op: &PoolView, memory: &Memory<'_>) {
        let output = op.output.image();
        let blocks = output.channels.div_ceil(BLOCK_OUTPUTS).max(1);
        let cells = (memory.view(&op.input), memory.view(&op.output));
        for tile_index in team.share(output.positions() * blocks) {
            tile(op, cells, tile_index / blocks, tile_index % blocks * BLOCK_OUTPUTS);
        }
    }

    #[inline]
    fn items(view: &PoolView) -> u32 {
        view.output.images() as u32
    }

    #[inline]
    fn step_to(view: &mut PoolView, item: u32) {
        view.input.step_to_image(item);
        view.output.step_to_image(item);
    }

    #[inline]
    fn run_with<T: Team, L: Loops>(team: &T, loops: &L, view: &PoolView, memory: &Memory<'_>) {
        loops.pool(team, view, memory);
    }

    fn outline(view: &PoolView) -> Outline {
        Outline {
            operation: Some(view.operation.name()),
            activation: Some(view.activation),
            window: Some(view.window),
            ..Outline::default()
        }
    }
}

#[inline(always)]
fn tile(op: &PoolView, (x, y): (Cells<'_>, Cells<'_>), position: usize, first_channel: usize) {
    let (input, width) = (op.input.image(), op.output.image().width.max(1));
    let (row_first, row_end, first_y) = op.window.rows().inside(position / width, input.height);
    let (column_first, column_end, first_x) =
        op.window.columns().inside(position % width, input.width);
    let block = BLOCK_OUTPUTS.min(input.channels.saturating_sub(first_channel));

    // Sums of a mean, or the greatest values so far.
    let is_max = op.operation == Pooling::Max;
    let mut values = [if is_max { i32::from(i8::MIN) } else { 0 }; BLOCK_OUTPUTS];
    for row in first_y..first_y + (row_end - row_first) {
        let mut cell = (row * input.width + first_x) * input.channels + first_channel;
        for _ in column_first..column_end {
            let window = x.window(cell, block);
            let pairs = values.iter_mut().zip(window.as_slice());
            if is_max {
                pairs.for_each(|(value, x)| *value = (*value).max(x.get().into()));
            } else {
                pairs.for_each(|(value, x)| *value = value.wrapping_add(x.get().into()));
            }
            cell += input.channels;
        }
    }
    let count = ((row_end - row_first) * (column_end - column_first)) as i32;
    for (channel, value) in (first_channel..first_channel + block).zip(values) {
        let value = if is_max { value } else { mean(value, count) };
        let value = clamp(value, op.activation.min, op.activation.max);
        y.set(position * input.channels + channel, value);
    }
}

/// Returns `sum / count`, to nearest, ties away from zero; 0 for an empty window.
///
/// ```
/// use isokern_model::operators::pool::mean;
///
/// assert_eq!([mean(5, 2), mean(-5, 2), mean(7, 3), mean(0, 0)], [3, -3, 2, 0]);
/// ```
#[inline(always)]
#[must_use]
pub const fn mean(sum: i32, count: i32) -> i32 {
    let half = if sum > 0 { count / 2 } else { -(count / 2) };
    match (sum.wrapping_add(half)).checked_div(count) {
        Some(mean) => mean,
        None => 0,
    }
}
