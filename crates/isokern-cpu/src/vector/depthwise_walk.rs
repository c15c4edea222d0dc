//! The way through a depthwise convolution, the same for every instruction set.

use isokern_core::Cells;

use super::channel_lines::{ChannelLines, LARGE_BYTES, LinePlan, SMALL_BYTES};
use super::tile::{ChannelDots, store_first};

/// Runs a depthwise convolution `N` lanes at a time; `false`, with nothing done, if
/// its shape does not fit.
///
/// `block` prepares what stays the same over the positions of some channels, given
/// the first of them and their number. `values` computes the lanes whose first kernel
/// cell is at an index of the lines. Both are compiled into the caller, with the
/// instructions it may use.
#[inline(always)]
pub(super) fn walk<const N: usize, B>(
    job: &ChannelDots<'_>,
    (x, y): (Cells<'_>, Cells<'_>),
    block: impl Fn(usize, usize) -> B,
    values: impl Fn(&B, &LinePlan, &[i8], usize) -> [i8; N],
) -> bool {
    match LinePlan::new(job, job.output.channels.min(N)) {
        Some(plan) if plan.bytes(job) <= SMALL_BYTES => {
            all_blocks(job, (x, y), ChannelLines::<SMALL_BYTES>::new(), block, values);
        }
        Some(_) => all_blocks(job, (x, y), ChannelLines::<LARGE_BYTES>::new(), block, values),
        None => return false,
    }
    true
}

#[inline(always)]
fn all_blocks<const N: usize, const BYTES: usize, B>(
    job: &ChannelDots<'_>,
    (x, y): (Cells<'_>, Cells<'_>),
    mut lines: ChannelLines<BYTES>,
    block: impl Fn(usize, usize) -> B,
    values: impl Fn(&B, &LinePlan, &[i8], usize) -> [i8; N],
) {
    let output = job.output;
    // Few channels: with stride 1, neighbouring positions fill the lanes.
    let neighbours = match (job.window.stride_width, N % output.channels.max(1)) {
        (1, 0) => N / output.channels.max(1),
        _ => 1,
    };
    for first in (0..output.channels).step_by(N) {
        let count = N.min(output.channels - first);
        let Some(plan) = LinePlan::new(job, count) else { return };
        let block = block(first, count);
        let step = usize::from(job.window.stride_width) * count;
        for row in 0..output.height {
            lines.fill::<N>(job, &plan, x, row, first);
            let mut column = 0;
            while column < output.width {
                let positions = neighbours.min(output.width - column);
                let values = values(&block, &plan, lines.bytes(), column * step);
                let at = (row * output.width + column) * output.channels + first;
                store_first(y, at, count * positions, values);
                column += positions;
            }
        }
    }
}
