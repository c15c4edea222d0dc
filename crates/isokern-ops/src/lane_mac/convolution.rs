//! Convolutions: four positions of all channels at a time.
//!
//! Positions whose windows have the same cells inside the image go together, in any order: their
//! windows are runs of neighbouring cells in the image, and the weights they meet are the same. The
//! windows of few cells are brought together on the stack before, with the zero point as
//! padding, so that a window is one run.

use core::cell::Cell;

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::operators::conv2d::Conv2dView;

use super::regions::{Stretch, stretch_from};
use super::{LaneMac, Positions};

/// Terms of the windows that are brought together.
const GATHERED_TERMS: usize = 64;

/// Returns whether the loops take an operator of this shape.
#[inline]
pub(super) fn takes(op: &Conv2dView<'_>) -> bool {
    let outputs = op.weights.outputs;
    let columns = op.window.columns();
    // Dilated columns are no run of neighbours.
    (columns.dilation == 1 || columns.kernel == 1)
        && op.requant.multiplier.len() == outputs
        && op.requant.shift.len() == outputs
        && op.requant.bias.len() == outputs
}

/// Runs the calling rank's share of a convolution; a tile is four positions.
#[inline(never)]
pub(super) fn run<D: LaneMac, T: Team>(team: &T, op: &Conv2dView<'_>, memory: &Memory<'_>) {
    let (input, output) = (op.input.image(), op.output.image());
    let views = (memory.view(&op.input), memory.view(&op.output));
    let (rows, columns) = (op.window.rows(), op.window.columns());
    if rows.kernel > 1 && op.weights.terms.count() <= GATHERED_TERMS {
        return gathered::<D, T>(team, op, views);
    }
    let mut row = 0;
    while row < output.height {
        let lines = stretch_from(&rows, row, output.height, input.height);
        row = lines.outputs.end;
        let mut column = 0;
        while column < output.width {
            let cells = stretch_from(&columns, column, output.width, input.width);
            column = cells.outputs.end;
            region::<D, T>(team, op, views, (&lines, &cells));
        }
    }
}

/// Returns what all positions of an operator share, without windows and weights.
#[inline]
fn job<'a>(op: &Conv2dView<'a>, y: Cells<'a>) -> Positions<'a> {
    let terms = op.weights.terms;
    Positions {
        xs: [&[]; 4],
        x_row: 0,
        rows: 1,
        run: terms.count(),
        ws: op.weights.values,
        w_row: terms.row_terms,
        w_channel: terms.count(),
        x_zero_point: op.input.zero_point(),
        requant: op.requant,
        ys: y.as_slice(),
        offsets: [0; 4],
    }
}

/// Computes a rectangle of positions, whose windows have the same cells inside.
#[inline(never)] // Its frame is not that of the other way.
fn region<D: LaneMac, T: Team>(
    team: &T,
    op: &Conv2dView<'_>,
    (x, y): (Cells<'_>, Cells<'_>),
    (lines, cells): (&Stretch, &Stretch),
) {
    let (input, output) = (op.input.image(), op.output.image());
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let padding: &[Cell<i8>] = &[Cell::new(op.input.zero_point() as i8)];
    let mut job = job(op, y);
    let is_empty = lines.kernel.is_empty() || cells.kernel.is_empty();
    if is_empty {
        // All padding: one term, and real zero for it.
        (job.rows, job.run) = (1, 1);
    } else {
        (job.rows, job.run) = (lines.kernel.len(), cells.kernel.len() * op.depth);
        let first_weight = lines.kernel.start * job.w_row + cells.kernel.start * op.depth;
        job.ws = op.weights.values.get(first_weight..).unwrap_or(&[]);
    }
    job.x_row = rows.dilation * input.width * input.channels;
    let window = job.rows.saturating_sub(1) * job.x_row + job.run;
    let (width, count) = (cells.outputs.len(), lines.outputs.len() * cells.outputs.len());
    for group in team.share(count.div_ceil(4)) {
        for (lane, (xs, offset)) in job.xs.iter_mut().zip(&mut job.offsets).enumerate() {
            // What is too many is computed twice.
            let index = (4 * group + lane).min(count.saturating_sub(1));
            let (row, column) = (index / width.max(1), index % width.max(1));
            let cell_row = lines.first_cell + row * rows.stride;
            let cell = cell_row * input.width + cells.first_cell + column * columns.stride;
            let cells_of = || x.window(cell * input.channels, window).as_slice();
            *xs = if is_empty { padding } else { cells_of() };
            let position =
                (lines.outputs.start + row) * output.width + cells.outputs.start + column;
            *offset = (position * output.channels) as u32;
        }
        D::positions(&job);
    }
}

/// Computes all positions, with windows that are brought together first.
#[inline(never)] // Its frame is not that of the other way.
fn gathered<D: LaneMac, T: Team>(team: &T, op: &Conv2dView<'_>, (x, y): (Cells<'_>, Cells<'_>)) {
    let output = op.output.image();
    let windows = [const { [const { Cell::new(0_i8) }; GATHERED_TERMS] }; 4];
    let count = output.positions();
    for group in team.share(count.div_ceil(4)) {
        let mut job = job(op, y);
        for (lane, (window, offset)) in windows.iter().zip(&mut job.offsets).enumerate() {
            let position = (4 * group + lane).min(count.saturating_sub(1));
            gather(op, x, position, window);
            *offset = (position * output.channels) as u32;
        }
        job.xs = windows.each_ref().map(<[Cell<i8>; GATHERED_TERMS]>::as_slice);
        D::positions(&job);
    }
}

/// Brings a window together; its padding is the zero point.
#[inline]
fn gather(op: &Conv2dView<'_>, x: Cells<'_>, position: usize, window: &[Cell<i8>; GATHERED_TERMS]) {
    let input = op.input.image();
    let width = op.output.image().width.max(1);
    let (rows, columns) = (op.window.rows(), op.window.columns());
    let (row_first, row_end, first_y) = rows.inside(position / width, input.height);
    let (first, end, first_x) = columns.inside(position % width, input.width);
    let row_terms = op.weights.terms.row_terms;
    if row_end - row_first < rows.kernel || end - first < columns.kernel {
        let padding = op.input.zero_point() as i8;
        window.iter().for_each(|cell| cell.set(padding));
    }
    for row in row_first..row_end {
        let cell = (first_y + (row - row_first) * rows.dilation) * input.width + first_x;
        let xs = x.window(cell * input.channels, (end - first) * op.depth);
        let target = window.get(row * row_terms + first * op.depth..).unwrap_or(&[]);
        for (target, x) in target.iter().zip(xs.as_slice()) {
            target.set(x.get());
        }
    }
}
