//! The loops of reductions: over rows of neighbours, or over lanes of neighbouring outputs.

use core::cell::Cell;

use isokern_core::{Cells, Team};

use crate::memory::Memory;
use crate::operators::reduce::{ReduceOperation, ReduceView};

/// Elements that one core takes at once: whole vectors of every width.
const LANES: usize = 64;
/// Outputs whose extremes one core looks for at once.
const INDEX_LANES: usize = 16;
/// Whether lanes that nobody asked for cost less than a loop of another length: not where every
/// lane is an instruction.
const HAS_VECTORS: bool = cfg!(target_pointer_width = "64");

/// Runs the operator as [`Reduce::run`](crate::operator::Operator::run), always inlined: an
/// executor compiles the loop for the instructions that it found.
#[inline(always)]
pub fn run_inlined<T: Team>(team: &T, op: &ReduceView, memory: &Memory<'_>) {
    let Some(operation) = op.operation else { return };
    let job = Job {
        x: memory.view(&op.input),
        y: memory.view(&op.output),
        walk: Walk::of(op),
        is_alone: !cfg!(target_arch = "nvptx64") && team.size() == 1,
    };
    let scale = op.scale;
    match operation {
        ReduceOperation::Sum => job.values(team, 0, i32::wrapping_add, |sum| scale.apply(sum)),
        ReduceOperation::Maximum => {
            job.values(team, i8::MIN.into(), i32::max, |most| most as i8);
        }
        ReduceOperation::Minimum => {
            job.values(team, i8::MAX.into(), i32::min, |least| least as i8);
        }
        ReduceOperation::All => {
            let both = |a: i32, b: i32| i32::from(a != 0) & i32::from(b != 0);
            job.values(team, 1, both, |all| all as i8);
        }
        ReduceOperation::ArgMaximum => job.indices(team, |x, best| x > best),
        ReduceOperation::ArgMinimum => job.indices(team, |x, best| x < best),
    }
}

/// A reduction over some memory.
struct Job<'a> {
    x: Cells<'a>,
    y: Cells<'a>,
    walk: Walk,
    /// Whether one core does all the work.
    is_alone: bool,
}

/// Sizes and strides of a view: see [`ReduceView::kept`].
struct Walk {
    reduced: [(usize, usize); 4],
    kept: [(usize, usize); 3],
}

impl Walk {
    #[inline(always)]
    fn of(op: &ReduceView) -> Self {
        let [r0, r1, r2, r3] = op.reduced.map(|size| size as usize);
        let [k0, k1, k2] = op.kept.map(|size| size as usize);
        let at_r2 = r3 * k2;
        let at_k1 = at_r2 * r2;
        let at_r1 = at_k1 * k1;
        let at_k0 = at_r1 * r1;
        Self {
            reduced: [(r0, at_k0 * k0), (r1, at_r1), (r2, at_r2), (r3, 1)],
            kept: [(k0, at_k0), (k1, at_k1), (k2, r3)],
        }
    }

    /// Returns where the elements of output `index` start.
    #[inline(always)]
    fn start(&self, index: usize) -> usize {
        // Short divisions: a checked model has fewer than 2^28 elements.
        let [(_, at_k0), (k1, at_k1), (k2, at_k2)] = self.kept;
        let (rows, k2) = (index as u32 / (k2 as u32).max(1), (k2 as u32).max(1));
        let (outer, k1) = (rows / (k1 as u32).max(1), (k1 as u32).max(1));
        let places = [(outer, at_k0), (rows % k1, at_k1), (index as u32 % k2, at_k2)];
        places.into_iter().map(|(at, stride)| at as usize * stride).sum()
    }

    /// Calls `stretch` with the first output and the start of every stretch of neighbouring
    /// outputs, in order.
    #[inline(always)]
    fn stretches(&self, mut stretch: impl FnMut(usize, usize)) {
        let [(k0, at_k0), (k1, at_k1), (k2, _)] = self.kept;
        let mut index = 0;
        for outer in 0..k0 {
            for middle in 0..k1 {
                stretch(index, outer * at_k0 + middle * at_k1);
                index += k2;
            }
        }
    }

    /// Calls `image` with the start of every row of rows, in order.
    #[inline(always)]
    fn images(&self, start: usize, mut image: impl FnMut(usize)) {
        let [(r0, at_r0), (r1, at_r1), ..] = self.reduced;
        for outer in 0..r0 {
            for middle in 0..r1 {
                image(start + outer * at_r0 + middle * at_r1);
            }
        }
    }

    /// Calls `row` with the start of every row of neighbours, in order.
    #[inline(always)]
    fn rows(&self, start: usize, mut row: impl FnMut(usize)) {
        let (r2, at_r2) = self.reduced[2];
        self.images(start, |image| {
            let mut at = image;
            for _ in 0..r2 {
                row(at);
                at += at_r2;
            }
        });
    }

    /// Calls `element` with every place of an output's elements, in order.
    #[inline(always)]
    fn elements(&self, start: usize, mut element: impl FnMut(usize)) {
        let (r3, _) = self.reduced[3];
        self.rows(start, |row| (row..row + r3).for_each(&mut element));
    }
}

impl<'a> Job<'a> {
    /// Writes one byte for each output.
    #[inline(always)]
    fn values<T: Team>(
        &self,
        team: &T,
        first: i32,
        both: impl Fn(i32, i32) -> i32 + Copy,
        finish: impl Fn(i32) -> i8,
    ) {
        let fold = |value: i32, x: i8| both(value, x.into());
        if !self.is_alone {
            for index in team.share(self.y.len()) {
                let mut value = first;
                let start = self.walk.start(index);
                self.walk.elements(start, |at| value = fold(value, self.x.get(at)));
                self.y.set(index, finish(value));
            }
            return;
        }
        let ((k2, at_k2), (r2, _), (r3, _)) =
            (self.walk.kept[2], self.walk.reduced[2], self.walk.reduced[3]);
        self.walk.stretches(|index, start| {
            if r3 > 1 {
                for output in 0..k2 {
                    let mut value = first;
                    self.walk.rows(start + output * at_k2, |row| {
                        let cells = self.x.window(row, r3).as_slice();
                        value = cells.iter().fold(value, |value, x| fold(value, x.get()));
                    });
                    self.y.set(index + output, finish(value));
                }
                return;
            }
            let mut output = 0;
            while output < k2 {
                let width = LANES.min(k2 - output);
                // Rows of few channels are one long row that fills all lanes: those of one channel
                // are put together at the end.
                let is_long = k2 <= LANES;
                let step = if is_long { LANES / k2 * k2 } else { k2 };
                let mut values = [first; LANES];
                self.walk.images(start + output, |image| {
                    let end = image + r2.saturating_sub(1) * k2 + width;
                    for at in (image..end).step_by(step) {
                        let count = if is_long { step.min(end - at) } else { width };
                        let is_last = is_long && count < step;
                        fold_lanes(self.from(at), (count, is_last), &mut values, fold);
                    }
                });
                for lane in 0..width {
                    let same = values.iter().take(step.min(LANES)).skip(lane).step_by(k2);
                    let value = same.fold(first, |value, &other| both(value, other));
                    self.y.set(index + output + lane, finish(value));
                }
                output += width;
            }
        });
    }

    /// Writes for each output, as an `i32`, the index of the first element that no other beats.
    #[inline(always)]
    fn indices<T: Team>(&self, team: &T, beats: impl Fn(i8, i8) -> bool) {
        if !self.is_alone {
            for index in team.share(self.y.len() / size_of::<i32>()) {
                self.store(index, self.index(self.walk.start(index), &beats));
            }
            return;
        }
        let ((k2, at_k2), (r3, _)) = (self.walk.kept[2], self.walk.reduced[3]);
        let is_one_row = self.walk.reduced.iter().take(3).all(|&(size, _)| size == 1);
        self.walk.stretches(|index, start| {
            if r3 > 1 {
                for output in 0..k2 {
                    let row = self.x.window(start + output * at_k2, r3).as_slice();
                    let winner = if is_one_row && row.len() == r3 {
                        index_in_row(row, &beats)
                    } else {
                        self.index(start + output * at_k2, &beats)
                    };
                    self.store(index + output, winner);
                }
                return;
            }
            let mut output = 0;
            while output < k2 {
                let width = INDEX_LANES.min(k2 - output);
                let (mut best, mut winner, mut at) = ([0; INDEX_LANES], [0_i32; INDEX_LANES], 0);
                for (best, x) in best.iter_mut().zip(self.from(start + output)).take(width) {
                    *best = x.get();
                }
                self.walk.rows(start + output, |row| {
                    let row = self.from(row);
                    let lanes = best.iter_mut().zip(&mut winner);
                    let replace = |((best, winner), x): ((&mut i8, &mut i32), i8)| {
                        let is_better = beats(x, *best);
                        *winner = if is_better { at } else { *winner };
                        *best = if is_better { x } else { *best };
                    };
                    match row.first_chunk::<INDEX_LANES>() {
                        Some(row) if HAS_VECTORS => lanes.zip(Cells::values(row)).for_each(replace),
                        _ => lanes.zip(row.iter().map(Cell::get)).take(width).for_each(replace),
                    }
                    at += 1;
                });
                for (lane, &winner) in winner.iter().enumerate().take(width) {
                    self.store(index + output + lane, winner);
                }
                output += width;
            }
        });
    }

    /// Returns the index of the first element of an output that no other beats.
    #[inline(always)]
    fn index(&self, start: usize, beats: impl Fn(i8, i8) -> bool) -> i32 {
        let (mut best, mut winner, mut at) = (self.x.get(start), 0, 0);
        self.walk.elements(start, |place| {
            let x = self.x.get(place);
            if beats(x, best) {
                (best, winner) = (x, at);
            }
            at += 1;
        });
        winner
    }

    /// Returns the cells from `at` on.
    #[inline(always)]
    fn from(&self, at: usize) -> &'a [Cell<i8>] {
        self.x.as_slice().get(at..).unwrap_or(&[])
    }

    #[inline(always)]
    fn store(&self, index: usize, value: i32) {
        self.y.store(index * size_of::<i32>(), value.to_le_bytes().map(u8::cast_signed));
    }
}

/// Folds the first `width` cells into as many values, lane by lane. What is in the lanes after
/// them does not matter, unless these are the last cells of their kind.
#[inline(always)]
fn fold_lanes(
    cells: &[Cell<i8>],
    (width, is_last): (usize, bool),
    values: &mut [i32; LANES],
    fold: impl Fn(i32, i8) -> i32,
) {
    match cells.first_chunk::<LANES>() {
        Some(cells) if HAS_VECTORS && !is_last => {
            for (value, x) in values.iter_mut().zip(Cells::values(cells)) {
                *value = fold(*value, x);
            }
        }
        _ => {
            for (value, x) in values.iter_mut().zip(cells).take(width) {
                *value = fold(*value, x.get());
            }
        }
    }
}

/// Returns the index of the first element of a row that no other beats: its value, then its place.
#[inline(always)]
fn index_in_row(row: &[Cell<i8>], beats: impl Fn(i8, i8) -> bool) -> i32 {
    let first = row.first().map_or(0, Cell::get);
    let best =
        row.iter().map(Cell::get).fold(first, |best, x| if beats(x, best) { x } else { best });
    let is_in = |part: &&[Cell<i8>]| part.iter().fold(false, |any, x| any | (x.get() == best));
    let parts = row.chunks(LANES);
    let before = parts.clone().position(|part| is_in(&part)).unwrap_or(0);
    let part = row.get(before * LANES..).unwrap_or(&[]);
    let at = part.iter().position(|x| x.get() == best).unwrap_or(0);
    (before * LANES + at) as i32
}
