//! The loops of reductions: over rows of neighbours, or over lanes of neighbouring outputs.

use isokern_core::{Cells, Team};

use crate::memory::Memory;
use crate::operators::reduce::{ReduceOperation, ReduceView};

/// Neighbouring outputs that one core computes at once: whole vectors of every width.
const LANES: usize = 64;

/// As [`Reduce::run`](crate::operator::Operator::run), always inlined: an executor compiles the
/// loop for the instructions that it found.
#[inline(always)]
pub fn run_inlined<T: Team>(team: &T, op: &ReduceView, memory: &Memory<'_>) {
    let Some(operation) = op.operation else { return };
    let (least, greatest) = (i32::from(i8::MIN), i32::from(i8::MAX));
    let job = Job {
        x: memory.view(&op.input),
        y: memory.view(&op.output),
        walk: Walk::of(op),
        is_alone: !cfg!(target_arch = "nvptx64") && team.size() == 1,
    };
    let scale = op.scale;
    match operation {
        ReduceOperation::Sum => {
            let add = |sum: i32, x: i8| sum.wrapping_add(x.into());
            job.values(team, 0, add, |sum| scale.apply(sum));
        }
        ReduceOperation::Maximum => {
            job.values(team, least, |most: i32, x| most.max(x.into()), |most| most as i8);
        }
        ReduceOperation::Minimum => {
            job.values(team, greatest, |least: i32, x| least.min(x.into()), |least| least as i8);
        }
        ReduceOperation::All => {
            job.values(team, 1, |all, x| all & i32::from(x != 0), |all| all as i8);
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

    /// Where the elements of output `index` start.
    #[inline(always)]
    fn start(&self, index: usize) -> usize {
        // Short divisions: a checked model has fewer than 2^28 elements.
        let [(_, at_k0), (k1, at_k1), (k2, at_k2)] = self.kept;
        let (rows, k2) = (index as u32 / (k2 as u32).max(1), (k2 as u32).max(1));
        let (outer, k1) = (rows / (k1 as u32).max(1), (k1 as u32).max(1));
        let places = [(outer, at_k0), (rows % k1, at_k1), (index as u32 % k2, at_k2)];
        places.into_iter().map(|(at, stride)| at as usize * stride).sum()
    }

    /// Calls `row` with the start of every row of neighbours, in order.
    #[inline(always)]
    fn rows(&self, start: usize, mut row: impl FnMut(usize)) {
        let [(r0, at_r0), (r1, at_r1), (r2, at_r2), _] = self.reduced;
        for outer in 0..r0 {
            for middle in 0..r1 {
                let mut at = start + outer * at_r0 + middle * at_r1;
                for _ in 0..r2 {
                    row(at);
                    at += at_r2;
                }
            }
        }
    }

    /// Calls `element` with every place of an output's elements, in order.
    #[inline(always)]
    fn elements(&self, start: usize, mut element: impl FnMut(usize)) {
        let (r3, _) = self.reduced[3];
        self.rows(start, |row| (row..row + r3).for_each(&mut element));
    }

    /// Whether neighbouring outputs are made of neighbouring elements.
    #[inline(always)]
    const fn has_lanes(&self) -> bool {
        self.reduced[3].0 == 1
    }
}

impl Job<'_> {
    /// Writes one byte for each output.
    #[inline(always)]
    fn values<T: Team>(
        &self,
        team: &T,
        first: i32,
        fold: impl Fn(i32, i8) -> i32,
        finish: impl Fn(i32) -> i8,
    ) {
        if !(self.is_alone && self.walk.has_lanes()) {
            for index in team.share(self.y.len()) {
                let (start, mut value) = (self.walk.start(index), first);
                if self.is_alone {
                    let (row_len, _) = self.walk.reduced[3];
                    self.walk.rows(start, |row| {
                        let cells = self.x.window(row, row_len).as_slice();
                        value = cells.iter().fold(value, |value, x| fold(value, x.get()));
                    });
                } else {
                    self.walk.elements(start, |at| value = fold(value, self.x.get(at)));
                }
                self.y.set(index, finish(value));
            }
            return;
        }
        self.tiles(self.y.len(), |index, width| {
            let mut values = [first; LANES];
            self.walk.rows(self.walk.start(index), |row| {
                let cells = self.x.window(row, width).as_slice();
                if let Some(cells) = cells.first_chunk::<LANES>() {
                    for (value, x) in values.iter_mut().zip(Cells::values(cells)) {
                        *value = fold(*value, x);
                    }
                } else {
                    for (value, x) in values.iter_mut().zip(cells) {
                        *value = fold(*value, x.get());
                    }
                }
            });
            for (lane, &value) in values.iter().enumerate().take(width) {
                self.y.set(index + lane, finish(value));
            }
        });
    }

    /// Writes for each output, as an `i32`, the index of the first element that no other beats.
    #[inline(always)]
    fn indices<T: Team>(&self, team: &T, beats: impl Fn(i8, i8) -> bool) {
        let count = self.y.len() / size_of::<i32>();
        if !(self.is_alone && self.walk.has_lanes()) {
            for index in team.share(count) {
                let start = self.walk.start(index);
                let (mut best, mut winner, mut at) = (self.x.get(start), 0, 0);
                self.walk.elements(start, |place| {
                    let x = self.x.get(place);
                    if beats(x, best) {
                        (best, winner) = (x, at);
                    }
                    at += 1;
                });
                self.store(index, winner);
            }
            return;
        }
        self.tiles(count, |index, width| {
            let start = self.walk.start(index);
            let (mut best, mut winner, mut at) = ([0; LANES], [0_i32; LANES], 0);
            self.x.copy_to(start, best.get_mut(..width).unwrap_or(&mut []));
            self.walk.rows(start, |row| {
                let cells = self.x.window(row, width).as_slice();
                for ((best, winner), x) in best.iter_mut().zip(&mut winner).zip(cells) {
                    let is_better = beats(x.get(), *best);
                    *winner = if is_better { at } else { *winner };
                    *best = if is_better { x.get() } else { *best };
                }
                at += 1;
            });
            for (lane, &winner) in winner.iter().enumerate().take(width) {
                self.store(index + lane, winner);
            }
        });
    }

    /// Calls `tile` with the first output and the width of every stretch of neighbours.
    #[inline(always)]
    fn tiles(&self, count: usize, tile: impl Fn(usize, usize)) {
        let (stretch, _) = self.walk.kept[2];
        let mut index = 0;
        while index < count {
            let width = LANES.min(stretch - index % stretch.max(1)).max(1);
            tile(index, width);
            index += width;
        }
    }

    #[inline(always)]
    fn store(&self, index: usize, value: i32) {
        self.y.store(index * size_of::<i32>(), value.to_le_bytes().map(u8::cast_signed));
    }
}
