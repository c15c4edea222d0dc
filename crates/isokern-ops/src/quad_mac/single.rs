//! Sums of products of any shape, one output at a time: what the tiles do not take.
//!
//! Either layout, dilated windows, depth multipliers, weights with a zero point, memory that
//! is not aligned. Term by term, and in few registers.

use isokern_core::{Cells, Team};
use isokern_model::geometry::Window;
use isokern_model::layout::{BLOCK_OUTPUTS, GROUP_TERMS, Layout};
use isokern_model::requant::Requant;

use super::QuadMac;
use super::scale::Scale;

/// An operator, in numbers 32 bits wide: see [`Shape`](super::feed::Shape).
pub(super) struct Job<'a> {
    pub(super) window: Window,
    pub(super) height: u32,
    pub(super) width: u32,
    /// Channels of a cell of the image.
    pub(super) channels: u32,
    pub(super) out_width: u32,
    pub(super) positions: u32,
    pub(super) outputs: u32,
    /// Channels of a cell that one output reads: all, those of a group, or one.
    pub(super) depth: u32,
    /// Outputs that read the same channels.
    pub(super) multiplier: u32,
    pub(super) order: Order,
    pub(super) weights: &'a [i8],
    pub(super) zero_point: i32,
    pub(super) weight_zero_point: i32,
    pub(super) requant: &'a Requant<'a>,
    pub(super) x: Cells<'a>,
    pub(super) y: Cells<'a>,
}

/// How weights are ordered.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// `[output][row][term]`.
    Row,
    /// `[row][term / 4][output][4]`, padded.
    Packed,
    /// `[row][term][output]`: a depthwise kernel.
    Depthwise,
}

impl Order {
    pub(super) const fn of(layout: Layout) -> Self {
        match layout {
            Layout::Packed => Self::Packed,
            Layout::Row => Self::Row,
        }
    }
}

impl Job<'_> {
    /// Returns the index of the first weight of a kernel cell that meets `output`.
    #[inline(always)]
    fn weight_index(&self, output: u32, row: u32, column: u32) -> u32 {
        let height = u32::from(self.window.kernel_height);
        let width = u32::from(self.window.kernel_width);
        match self.order {
            Order::Row => ((output * height + row) * width + column) * self.depth,
            Order::Packed => {
                let groups = (width * self.depth).div_ceil(GROUP_TERMS as u32);
                let term = column * self.depth;
                let group = row * groups + term / GROUP_TERMS as u32;
                let padded = self.outputs.next_multiple_of(BLOCK_OUTPUTS as u32);
                (group * padded + output) * GROUP_TERMS as u32 + term % GROUP_TERMS as u32
            }
            Order::Depthwise => (row * width + column) * self.outputs + output,
        }
    }

    /// Returns how far the next weight is: from a place within a group, in the packed order.
    #[inline(always)]
    const fn weight_step(&self, place: u32) -> u32 {
        match self.order {
            Order::Row | Order::Depthwise => 1,
            Order::Packed if place % GROUP_TERMS as u32 == GROUP_TERMS as u32 - 1 => {
                let padded = self.outputs.next_multiple_of(BLOCK_OUTPUTS as u32);
                (padded - 1) * GROUP_TERMS as u32 + 1
            }
            Order::Packed => 1,
        }
    }
}

/// Runs the calling rank's share; a tile is one output of one position.
#[inline(never)]
pub(super) fn run<D: QuadMac, T: Team>(team: &T, job: &Job<'_>) {
    for index in team.share((job.positions * job.outputs) as usize) {
        let job = D::reload(job);
        let outputs = job.outputs.max(1);
        let (position, output) = (index as u32 / outputs, index as u32 % outputs);
        let sum = dot::<D>(job, position, output);
        let job = D::reload(job);
        let scale = Scale::new(job.requant, output as usize, 0, 0);
        job.y.set(index, scale.value(job.requant, sum));
    }
}

/// Returns the sum over the cells of the window that are inside the image.
#[inline(always)]
fn dot<D: QuadMac>(job: &Job<'_>, position: u32, output: u32) -> i32 {
    let (out_row, out_column) = (position / job.out_width.max(1), position % job.out_width.max(1));
    let top = out_row * u32::from(job.window.stride_height);
    let left = out_column * u32::from(job.window.stride_width);
    let channel = output / job.multiplier.max(1) * job.depth;
    let mut sum = 0_i32;
    for row in 0..u32::from(job.window.kernel_height) {
        let y = (top + row * u32::from(job.window.dilation_height))
            .wrapping_sub(job.window.pad_top.into());
        for column in 0..u32::from(job.window.kernel_width) {
            let job = D::reload(job);
            let x = (left + column * u32::from(job.window.dilation_width))
                .wrapping_sub(job.window.pad_left.into());
            if y >= job.height || x >= job.width {
                continue;
            }
            let mut place = job.weight_index(output, row, column);
            let first = (y * job.width + x) * job.channels + channel;
            for at in first..first + job.depth {
                let w = job.weights.get(place as usize).copied().unwrap_or(0);
                let x = i32::from(job.x.get(at as usize)) - job.zero_point;
                sum = sum.wrapping_add(x * (i32::from(w) - job.weight_zero_point));
                place += job.weight_step(place);
            }
        }
    }
    sum
}
