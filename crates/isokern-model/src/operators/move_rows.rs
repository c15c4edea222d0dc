//! Rows of elements: copied, repeated, turned or picked one by one.

use core::cell::Cell;

use isokern_core::Cells;

use crate::operators::elements::{Elements, element};
use crate::operators::move_turn::turned;

/// Bytes of a row that is repeated, and of a part of one that is copied.
const PART_BYTES: usize = 16;
/// Bytes from which a row is copied at once.
const LONG_BYTES: usize = 128;

/// Elements at equal distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) size: u32,
    pub(super) from_stride: i32,
    pub(super) to_stride: u32,
}

/// Lines next to each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) inner: Line,
    pub(super) row: Line,
}

impl Line {
    /// A single element.
    pub(super) const ONE: Self = Self { size: 1, from_stride: 0, to_stride: 0 };

    /// Returns whether the elements of an outer line go on where this line ends.
    pub(super) const fn is_followed_by(&self, outer: &Self) -> bool {
        let size = self.size.cast_signed();
        self.from_stride.wrapping_mul(size) == outer.from_stride
            && self.to_stride.wrapping_mul(self.size) == outer.to_stride
    }

    /// Returns whether the elements written are neighbours, and those read are too or are one.
    pub(super) const fn is_dense(&self) -> bool {
        self.to_stride == 1 && (self.from_stride == 1 || self.from_stride == 0)
    }

    /// Returns whether the elements written are neighbours, and those read are, too, the other way.
    const fn is_backwards(&self) -> bool {
        self.to_stride == 1 && self.from_stride == -1
    }

    /// Returns whether elements read along this line are neighbours, and written along `inner`.
    pub(super) const fn is_turned(&self, inner: &Self) -> bool {
        self.from_stride == 1 && inner.to_stride == 1
    }

    /// Returns the elements that are read and written `places` later.
    pub(super) const fn after(&self, from: u32, to: u32, places: i32) -> (u32, u32) {
        let from = from.wrapping_add_signed(self.from_stride.wrapping_mul(places));
        (from, to.wrapping_add(self.to_stride.wrapping_mul(places.cast_unsigned())))
    }
}

impl Rows {
    /// Calls `each` with the first element read and written of every row.
    #[inline(always)]
    fn each(&self, mut each: impl FnMut(usize, usize)) {
        let (mut from, mut to) = (self.from, self.to);
        for _ in 0..self.row.size {
            each(from as usize, to as usize);
            (from, to) = self.row.after(from, to, 1);
        }
    }
}

/// Copies rows of elements of `N` bytes.
#[inline(always)]
pub(super) fn copy<const N: usize>(rows: Rows, source: Elements<'_>, to: Cells<'_>) {
    match source {
        _ if rows.inner.is_dense() && dense::<N>(&rows, source, to) => {}
        Elements::Tensor(cells) if N == 1 && rows.inner.is_backwards() => {
            rows.each(|from, at| backwards(rows.inner.size as usize, cells, from, to, at));
        }
        Elements::Tensor(cells) => {
            // A core without a cache gains nothing from tiles.
            if cfg!(target_pointer_width = "64") && rows.row.is_turned(&rows.inner) {
                turned::<N>(&rows, cells, to);
            } else {
                let (cells, to) = (cells.elements::<N>(), to.elements::<N>());
                rows.each(|from, at| strided(&rows.inner, rows.inner.size, cells, from, to, at));
            }
        }
        Elements::Constant(data) => rows.each(|from, at| {
            let (mut from, mut at) = (from as u32, at as u32);
            for _ in 0..rows.inner.size {
                to.store::<N>(at as usize * N, element(data, from as usize * N));
                (from, at) = rows.inner.after(from, at, 1);
            }
        }),
    }
}

/// Copies rows of neighbours, or repeats one element; returns false for short rows of a constant.
///
/// On a large core a function of its own: what rows of other kinds keep in registers is not its
/// concern.
#[cfg_attr(target_arch = "x86_64", inline(never))]
fn dense<const N: usize>(rows: &Rows, source: Elements<'_>, to: Cells<'_>) -> bool {
    let bytes = rows.inner.size as usize * N;
    match source {
        _ if rows.inner.from_stride == 0 => repeat::<N>(rows, bytes, source, to),
        _ if bytes >= LONG_BYTES => {
            rows.each(|from, at| source.copy_to(to, at * N, from * N, bytes));
        }
        Elements::Tensor(cells) => contiguous::<N>(rows, bytes, cells, to),
        Elements::Constant(_) => return false,
    }
    true
}

/// Writes rows of one element again and again.
#[inline(always)]
fn repeat<const N: usize>(rows: &Rows, bytes: usize, source: Elements<'_>, to: Cells<'_>) {
    let mut part = again(source.load::<N>(rows.from as usize * N));
    let written = rows.row.to_stride as usize * N;
    // On small cores the plain form is the smaller one.
    if cfg!(target_pointer_width = "64") && rows.row.from_stride == 0 && written >= bytes {
        let rows = tail(to, rows.to as usize * N).chunks(written).take(rows.row.size as usize);
        let rows = rows.map(|row| row.window(0, bytes));
        return match bytes {
            16.. => rows.for_each(|row| filled(part, row)),
            8.. => rows.for_each(|row| filled(start_of::<8>(&part), row)),
            4.. => rows.for_each(|row| filled(start_of::<4>(&part), row)),
            2.. => rows.for_each(|row| filled(start_of::<2>(&part), row)),
            _ => rows.for_each(|row| filled(start_of::<1>(&part), row)),
        };
    }
    rows.each(|from, at| {
        if rows.row.from_stride != 0 {
            part = again(source.load::<N>(from * N));
        }
        let to = to.window(at * N, bytes);
        match bytes {
            16.. => filled(part, to),
            8.. => filled(start_of::<8>(&part), to),
            4.. => filled(start_of::<4>(&part), to),
            2.. => filled(start_of::<2>(&part), to),
            _ => filled(start_of::<1>(&part), to),
        }
    });
}

/// Returns a part that is one element again and again.
#[inline(always)]
fn again<const N: usize>(value: [i8; N]) -> [i8; PART_BYTES] {
    let mut part = [0; PART_BYTES];
    for (byte, value) in part.iter_mut().zip(value.iter().cycle()) {
        *byte = *value;
    }
    part
}

/// Fills at least `W` bytes with whole elements; the last two parts may share bytes.
#[inline(always)]
fn filled<const W: usize>(part: [i8; W], to: Cells<'_>) {
    let last = to.len().saturating_sub(W);
    let mut start = 0;
    while start < last {
        to.store(start, part);
        start += W;
    }
    to.store(last, part);
}

#[inline(always)]
fn start_of<const W: usize>(part: &[i8; PART_BYTES]) -> [i8; W] {
    part.first_chunk().copied().unwrap_or([0; W])
}

/// Copies rows of neighbours, in parts as long as fit.
#[inline(always)]
fn contiguous<const N: usize>(rows: &Rows, bytes: usize, from: Cells<'_>, to: Cells<'_>) {
    // A core without a cache gains nothing from this.
    if cfg!(target_pointer_width = "64") && rows.row.from_stride >= 0 {
        let whole = match bytes {
            2 => wider::<N, 2>(rows, from, to),
            3 => wider::<N, 3>(rows, from, to),
            4 => wider::<N, 4>(rows, from, to),
            8 => wider::<N, 8>(rows, from, to),
            16 => wider::<N, 16>(rows, from, to),
            32 => wider::<N, 32>(rows, from, to),
            _ => false,
        };
        if whole {
            return;
        }
    }
    match bytes {
        16.. => parts::<N, 16>(rows, bytes, from, to),
        8.. => parts::<N, 8>(rows, bytes, from, to),
        4.. => parts::<N, 4>(rows, bytes, from, to),
        2.. => parts::<N, 2>(rows, bytes, from, to),
        _ => parts::<N, 1>(rows, bytes, from, to),
    }
}

/// Copies rows of `W` bytes as elements of that length; returns false unless whole ones apart.
#[inline(always)]
fn wider<const N: usize, const W: usize>(rows: &Rows, from: Cells<'_>, to: Cells<'_>) -> bool {
    let row = rows.row;
    let (read, written) = (row.from_stride as usize * N, row.to_stride as usize * N);
    if read % W != 0 || written % W != 0 {
        return false;
    }
    let line =
        Line { size: row.size, from_stride: (read / W) as i32, to_stride: (written / W) as u32 };
    let (from, to) = (tail(from, rows.from as usize * N), tail(to, rows.to as usize * N));
    strided(&line, row.size, from.elements::<W>(), 0, to.elements::<W>(), 0);
    true
}

/// Returns the cells from `start`.
#[inline(always)]
fn tail(cells: Cells<'_>, start: usize) -> Cells<'_> {
    cells.window(start, cells.len().saturating_sub(start))
}

/// Copies rows of at least `W` bytes, in parts of `W`, of which the last two may share bytes.
#[inline(always)]
fn parts<const N: usize, const W: usize>(
    rows: &Rows,
    bytes: usize,
    source: Cells<'_>,
    to: Cells<'_>,
) {
    let last = bytes - W;
    let copy = |from: Cells<'_>, to: Cells<'_>| {
        let mut start = 0;
        while start < last {
            to.store::<W>(start, from.load(start));
            start += W;
        }
        to.store::<W>(last, from.load(last));
    };
    let read = usize::try_from(rows.row.from_stride).unwrap_or(0) * N;
    let written = rows.row.to_stride as usize * N;
    // On small cores the plain form is the smaller one.
    if cfg!(target_pointer_width = "64") && read.min(written) >= bytes {
        let from = tail(source, rows.from as usize * N).chunks(read);
        let to = tail(to, rows.to as usize * N).chunks(written);
        for (from, to) in from.zip(to).take(rows.row.size as usize) {
            let (from, to) = (from.window(0, bytes), to.window(0, bytes));
            let whole = to.elements::<W>().iter().zip(from.elements::<W>());
            whole.for_each(|(to, from)| to.set(from.get()));
            to.store::<W>(last, from.load(last));
        }
    } else {
        rows.each(|from, at| copy(tail(source, from * N), tail(to, at * N)));
    }
}

/// Copies bytes backwards from the one at `from`.
#[inline(always)]
fn backwards(bytes: usize, source: Cells<'_>, from: usize, to: Cells<'_>, at: usize) {
    let mut done = 0;
    while done + PART_BYTES <= bytes {
        let mut part: [i8; PART_BYTES] = source.load((from + 1).wrapping_sub(done + PART_BYTES));
        part.reverse();
        to.store(at + done, part);
        done += PART_BYTES;
    }
    for place in done..bytes {
        to.set(at + place, source.get(from.wrapping_sub(place)));
    }
}

/// Copies elements at any distances, the first `size` of a line.
#[inline(always)]
pub(super) fn strided<const N: usize>(
    line: &Line,
    size: u32,
    source: &[Cell<[i8; N]>],
    from: usize,
    to: &[Cell<[i8; N]>],
    at: usize,
) {
    let size = size as usize;
    let reach = |stride: u32| (size.max(1) - 1) * stride as usize;
    let target = to.get(at..).and_then(|tail| tail.get(..=reach(line.to_stride))).unwrap_or(&[]);
    let step = line.from_stride.unsigned_abs();
    let first = if line.from_stride < 0 { from.wrapping_sub(reach(step)) } else { from };
    let source = source.get(first..).and_then(|tail| tail.get(..=reach(step))).unwrap_or(&[]);
    let target = target.iter().step_by(line.to_stride.max(1) as usize);
    let put = |(to, from): (&Cell<[i8; N]>, &Cell<[i8; N]>)| to.set(from.get());
    match line.from_stride {
        0 => target.for_each(|to| to.set(source.first().map_or([0; N], Cell::get))),
        1 => target.zip(source).for_each(put),
        -1 => target.zip(source.iter().rev()).for_each(put),
        ..0 => target.zip(source.iter().rev().step_by(step as usize)).for_each(put),
        _ => target.zip(source.iter().step_by(step as usize)).for_each(put),
    }
}
