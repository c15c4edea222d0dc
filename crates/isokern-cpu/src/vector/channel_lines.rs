//! The input of a depthwise tile: lines of a few channels, padding filled in.

use isokern_core::Cells;

use super::tile::ChannelDots;

/// Kernel cells up to which a depthwise tile keeps all weights at hand.
pub(super) const TAPS_MAX: usize = 26;
/// Bytes of small lines: what most operators need, and cheap to clear.
pub(super) const SMALL_BYTES: usize = 4096;
/// Bytes of large lines: the limit of what the vector tiles take.
pub(super) const LARGE_BYTES: usize = 32_768;
/// Bytes a tile may read past the last activation.
const SLACK_BYTES: usize = 64;

/// Where the kernel cells of a window are in the lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinePlan {
    /// Channels a position has in the lines.
    pub(super) channels: usize,
    /// Input columns the lines hold, padding included.
    cells: usize,
    /// Place of each kernel cell after the first.
    pub(super) taps: [usize; TAPS_MAX],
    /// Number of kernel cells.
    pub(super) tap_count: usize,
}

impl LinePlan {
    /// Returns the plan for `channels` channels at a time, if kernel and lines fit.
    pub(super) fn new(job: &ChannelDots<'_>, channels: usize) -> Option<Self> {
        let (rows, columns) = (job.window.rows(), job.window.columns());
        let width = job.output.width;
        let cells = (width - 1) * columns.stride + columns.extent();
        let tap_count = rows.kernel * columns.kernel;
        if tap_count > TAPS_MAX {
            return None;
        }
        let mut taps = [0; TAPS_MAX];
        for (index, tap) in taps.iter_mut().enumerate().take(tap_count) {
            let (row, column) = (index / columns.kernel, index % columns.kernel);
            *tap = (row * cells + column * columns.dilation) * channels;
        }
        let plan = Self { channels, cells, taps, tap_count };
        (plan.bytes(job) <= LARGE_BYTES).then_some(plan)
    }

    /// Returns bytes of lines the plan needs.
    pub(super) fn bytes(&self, job: &ChannelDots<'_>) -> usize {
        job.window.rows().kernel * self.cells * self.channels + SLACK_BYTES
    }
}

/// The lines one output row reads.
pub(super) struct ChannelLines<const BYTES: usize> {
    bytes: [i8; BYTES],
}

impl<const BYTES: usize> ChannelLines<BYTES> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { bytes: [0; BYTES] }
    }

    /// Returns the lines, one after another.
    #[inline(always)]
    pub(super) const fn bytes(&self) -> &[i8] {
        &self.bytes
    }

    /// Fills in the lines of output `row`, for `plan.channels` channels from `first`.
    #[inline(always)]
    pub(super) fn fill<const N: usize>(
        &mut self,
        job: &ChannelDots<'_>,
        plan: &LinePlan,
        x: Cells<'_>,
        row: usize,
        first: usize,
    ) {
        let (rows, columns) = (job.window.rows(), job.window.columns());
        let input = job.input;
        let zero_point = job.zero_point as i8;
        let (row_first, row_end, first_y) = rows.inside(row, input.height);
        let line_bytes = plan.cells * plan.channels;
        for kernel_row in 0..rows.kernel {
            let to = kernel_row * line_bytes;
            let Some(line) = self.bytes.get_mut(to..).and_then(|rest| rest.get_mut(..line_bytes))
            else {
                return;
            };
            if kernel_row < row_first || kernel_row >= row_end {
                line.fill(zero_point);
                continue;
            }
            let y = first_y + (kernel_row - row_first) * rows.dilation;
            let (left, inside) = line.split_at_mut(columns.pad * plan.channels);
            let copied = (input.width * plan.channels).min(inside.len());
            let (inside, right) = inside.split_at_mut(copied);
            left.fill(zero_point);
            right.fill(zero_point);
            let from = x.window(y * input.width * input.channels, input.width * input.channels);
            if job.depth_multiplier != 1 {
                for (index, cell) in inside.chunks_exact_mut(plan.channels).enumerate() {
                    let channels = from.window(index * input.channels, input.channels);
                    again(cell, channels, first, job.depth_multiplier);
                }
                continue;
            }
            if plan.channels == input.channels {
                from.copy_to(0, inside);
                continue;
            }
            for (index, cell) in inside.chunks_exact_mut(plan.channels).enumerate() {
                let at = index * input.channels + first;
                match cell.first_chunk_mut::<N>() {
                    Some(whole) => *whole = from.load(at),
                    None => from.copy_to(at, cell),
                }
            }
        }
    }
}

/// Fills in what output channels from `first` read: each input channel `multiplier` times.
#[inline(always)]
fn again(cell: &mut [i8], channels: Cells<'_>, first: usize, multiplier: usize) {
    let (channel, place) = (first / multiplier, first % multiplier);
    if place + cell.len() > multiplier {
        for (output, value) in (first..).zip(cell) {
            *value = channels.get(output / multiplier);
        }
        return;
    }
    let value = channels.get(channel);
    for eight in cell.as_chunks_mut::<8>().0 {
        *eight = [value; 8];
    }
    if let Some(eight) = cell.last_chunk_mut::<8>() {
        *eight = [value; 8];
    } else {
        cell.iter_mut().for_each(|cell| *cell = value);
    }
}

/// Returns `N` values of the lines from `start`.
#[inline(always)]
pub(super) fn load<const N: usize>(lines: &[i8], start: usize) -> [i8; N] {
    match lines.get(start..).and_then(|tail| tail.first_chunk()) {
        Some(values) => *values,
        None => [0; N],
    }
}
