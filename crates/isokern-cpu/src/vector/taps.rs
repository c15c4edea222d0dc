//! Where the kernel cells of a depthwise window lie, and what lanes hold.

use isokern_core::Cells;
use isokern_model::op::DepthwiseConv2d;

use super::tile::TAPS_MAX;

/// Stands for a kernel cell in the padding.
pub(super) const PADDING: usize = usize::MAX;

/// Lane parameters of a depthwise block: lane `l` is channel `first + l % channels`.
pub(super) struct Lanes<const N: usize> {
    /// Weights, kernel cell by kernel cell.
    pub(super) weights: [[i8; N]; TAPS_MAX],
    /// Biases, less what the input's zero point adds.
    pub(super) bias: [i32; N],
    /// Multipliers.
    pub(super) multiplier: [i32; N],
    /// Shifts.
    pub(super) shift: [i8; N],
}

impl<const N: usize> Lanes<N> {
    /// The parameters of `count` channels from `first`, repeated to fill the lanes.
    pub(super) fn new(op: &DepthwiseConv2d<'_>, first: usize, count: usize) -> Self {
        let channels = op.output.image().channels;
        let mut this =
            Self { weights: [[0; N]; TAPS_MAX], bias: [0; N], multiplier: [0; N], shift: [0; N] };
        let mut sums = [0_i32; N];
        for (target, source) in this.weights.iter_mut().zip(op.weights.chunks_exact(channels)) {
            fill(target, source, first, count);
            for (sum, weight) in sums.iter_mut().zip(target) {
                *sum += i32::from(*weight);
            }
        }
        fill(&mut this.bias, op.requant.bias, first, count);
        for (bias, sum) in this.bias.iter_mut().zip(sums) {
            *bias = bias.wrapping_sub(sum.wrapping_mul(op.input.zero_point()));
        }
        if let ([multiplier], [shift]) = (op.requant.multiplier, op.requant.shift) {
            (this.multiplier, this.shift) = ([*multiplier; N], [*shift; N]);
        } else {
            fill(&mut this.multiplier, op.requant.multiplier, first, count);
            fill(&mut this.shift, op.requant.shift, first, count);
        }
        this
    }
}

/// Repeats `count` values from `first` over the lanes.
fn fill<V: Copy>(target: &mut [V], source: &[V], first: usize, count: usize) {
    let values = source.get(first..).and_then(|tail| tail.get(..count)).unwrap_or(&[]);
    for (lane, value) in target.iter_mut().zip(values.iter().cycle()) {
        *lane = *value;
    }
}

/// A walk over the positions of an output image, with the cells each reads.
pub(super) struct Walk {
    relative: [usize; TAPS_MAX],
    kernel_width: usize,
    taps: usize,
}

/// What one step of the walk computes.
pub(super) struct Step<'a> {
    /// First input value of each kernel cell, or [`PADDING`].
    pub(super) cells: &'a [usize],
    /// Where the first output value goes.
    pub(super) at: usize,
    /// How many values are stored.
    pub(super) count: usize,
}

impl Walk {
    pub(super) fn new(op: &DepthwiseConv2d<'_>) -> Self {
        let input = op.input.image();
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let mut relative = [0; TAPS_MAX];
        for row in 0..rows.kernel {
            for column in 0..columns.kernel {
                let cell = row * rows.dilation * input.width + column * columns.dilation;
                if let Some(target) = relative.get_mut(row * columns.kernel + column) {
                    *target = cell * input.channels;
                }
            }
        }
        Self { relative, kernel_width: columns.kernel, taps: rows.kernel * columns.kernel }
    }

    /// Calls `step` for all positions of `count` channels from `first`; where windows
    /// lie inside, for `neighbours` positions of a row at once.
    #[inline(always)]
    pub(super) fn run(
        &self,
        op: &DepthwiseConv2d<'_>,
        (first, count): (usize, usize),
        neighbours: usize,
        mut step: impl FnMut(Step<'_>),
    ) {
        let (input, output) = (op.input.image(), op.output.image());
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let inside = |column| {
            let (from, to, _) = columns.inside(column, input.width);
            to - from == columns.kernel
        };
        let mut cells = [PADDING; TAPS_MAX];
        for row in 0..output.height {
            let (row_first, row_end, first_y) = rows.inside(row, input.height);
            let whole_rows = row_end - row_first == rows.kernel;
            let mut column = 0;
            while column < output.width {
                let (column_first, column_end, first_x) = columns.inside(column, input.width);
                let whole = whole_rows && column_end - column_first == columns.kernel;
                let last = column + neighbours - 1;
                let many = neighbours > 1 && whole && last < output.width && inside(last);
                let base = (first_y * input.width + first_x) * input.channels + first;
                if whole {
                    for (cell, relative) in cells.iter_mut().zip(self.relative) {
                        *cell = base + relative;
                    }
                } else {
                    let skipped = self.relative_of(row_first, column_first);
                    let kept = (row_first..row_end, column_first..column_end);
                    for (tap, cell) in cells.iter_mut().enumerate().take(self.taps) {
                        let (r, c) = (tap / self.kernel_width, tap % self.kernel_width);
                        let is_inside = kept.0.contains(&r) && kept.1.contains(&c);
                        *cell = if is_inside {
                            base + self.relative_of(r, c) - skipped
                        } else {
                            PADDING
                        };
                    }
                }
                let at = (row * output.width + column) * output.channels + first;
                let positions = if many { neighbours } else { 1 };
                step(Step {
                    cells: cells.get(..self.taps).unwrap_or(&[]),
                    at,
                    count: count * positions,
                });
                column += positions;
            }
        }
    }

    fn relative_of(&self, row: usize, column: usize) -> usize {
        self.relative.get(row * self.kernel_width + column).copied().unwrap_or(0)
    }
}

/// `N` values from `start`; behind the end of the tensor, zeros.
#[inline(always)]
pub(super) fn load<const N: usize>(x: Cells<'_>, start: usize) -> [i8; N] {
    if start + N <= x.len() {
        return x.load(start);
    }
    let mut values = [0; N];
    let rest = x.len().saturating_sub(start).min(N);
    if let Some(values) = values.get_mut(..rest) {
        x.copy_to(start, values);
    }
    values
}
