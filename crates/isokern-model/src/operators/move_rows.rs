//! Rows of elements: copied, repeated, turned or picked one by one.

use core::cell::Cell;

use isokern_core::Cells;

use crate::operators::elements::{Elements, element};

/// Bytes of a row that is repeated, and of a part of one that is copied.
const PART_BYTES: usize = 16;
/// Bytes from which a row is copied at once.
const LONG_BYTES: usize = 128;
/// Rows and columns of a tile that is turned.
const TILE: usize = 8;

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

    /// Whether the elements of an outer line go on where this line ends.
    pub(super) const fn is_followed_by(&self, outer: &Self) -> bool {
        let size = self.size.cast_signed();
        self.from_stride.wrapping_mul(size) == outer.from_stride
            && self.to_stride.wrapping_mul(self.size) == outer.to_stride
    }

    /// Whether the elements written are neighbours, and those read are too or are one.
    pub(super) const fn is_dense(&self) -> bool {
        self.to_stride == 1 && (self.from_stride == 1 || self.from_stride == 0)
    }

    /// Whether the elements written are neighbours, and those read are, too, the other way.
    const fn is_backwards(&self) -> bool {
        self.to_stride == 1 && self.from_stride == -1
    }

    /// Whether the elements read along this line are neighbours, and those written along `inner`.
    pub(super) const fn is_turned(&self, inner: &Self) -> bool {
        self.from_stride == 1 && inner.to_stride == 1
    }

    /// The elements read and written `places` later.
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
    let bytes = rows.inner.size as usize * N;
    let (is_dense, is_one) = (rows.inner.is_dense(), rows.inner.from_stride == 0);
    match source {
        _ if is_dense && is_one => repeat::<N>(&rows, bytes, source, to),
        _ if is_dense && bytes >= LONG_BYTES => {
            rows.each(|from, at| source.copy_to(to, at * N, from * N, bytes));
        }
        Elements::Tensor(cells) if is_dense => contiguous::<N>(&rows, bytes, cells, to),
        Elements::Tensor(cells) if N == 1 && rows.inner.is_backwards() => {
            rows.each(|from, at| backwards(rows.inner.size as usize, cells, from, to, at));
        }
        Elements::Tensor(cells) => {
            let (bytes_of, bytes_to) = (cells, to);
            let (cells, to) = (cells.elements::<N>(), to.elements::<N>());
            // A core without a cache gains nothing from tiles.
            if cfg!(target_pointer_width = "64") && rows.row.is_turned(&rows.inner) {
                turned(&rows, cells, to, |from, at| {
                    if N == 1 {
                        byte_tile(&rows, bytes_of, from, bytes_to, at);
                    } else {
                        tile(&rows, cells, from, to, at);
                    }
                });
            } else {
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

/// Rows of one element again and again.
#[inline(always)]
fn repeat<const N: usize>(rows: &Rows, bytes: usize, source: Elements<'_>, to: Cells<'_>) {
    rows.each(|from, at| {
        let value: [i8; N] = source.load(from * N);
        let mut part = [0; PART_BYTES];
        for (byte, value) in part.iter_mut().zip(value.iter().cycle()) {
            *byte = *value;
        }
        let mut start = at * N;
        let end = start + bytes;
        while start + PART_BYTES <= end {
            to.store(start, part);
            start += PART_BYTES;
        }
        to.copy_from(start, part.get(..end - start).unwrap_or(&[]));
    });
}

/// Rows of neighbours, in parts as long as fit.
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

/// Rows of `W` bytes as elements of that length; false if they are not whole ones apart.
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

/// The cells from `start`.
#[inline(always)]
fn tail(cells: Cells<'_>, start: usize) -> Cells<'_> {
    cells.window(start, cells.len().saturating_sub(start))
}

/// Rows of at least `W` bytes, in parts of `W`, of which the last two may share bytes.
#[inline(always)]
fn parts<const N: usize, const W: usize>(
    rows: &Rows,
    bytes: usize,
    source: Cells<'_>,
    to: Cells<'_>,
) {
    let last = bytes - W;
    rows.each(|from, at| {
        let mut start = 0;
        while start < last {
            to.store::<W>(at * N + start, source.load(from * N + start));
            start += W;
        }
        to.store::<W>(at * N + last, source.load(from * N + last));
    });
}

/// Bytes backwards from the one at `from`.
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

/// Elements at any distances, the first `size` of a line.
#[inline(always)]
fn strided<const N: usize>(
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

/// Rows that become columns, in tiles.
#[inline(always)]
fn turned<const N: usize>(
    rows: &Rows,
    source: &[Cell<[i8; N]>],
    to: &[Cell<[i8; N]>],
    tile: impl Fn(u32, u32),
) {
    let (inner, row) = (&rows.inner, &rows.row);
    let whole = |size: u32| size - size % TILE as u32;
    let (columns, lines) = (whole(inner.size), whole(row.size));
    for first_row in (0..lines).step_by(TILE) {
        for first in (0..columns).step_by(TILE) {
            let (from, at) = row.after(rows.from, rows.to, first_row.cast_signed());
            let (from, at) = inner.after(from, at, first.cast_signed());
            tile(from, at);
        }
    }
    for place in 0..row.size {
        let done = if place < lines { columns } else { 0 };
        let (from, at) = row.after(rows.from, rows.to, place.cast_signed());
        let (from, at) = inner.after(from, at, done.cast_signed());
        if done < inner.size {
            strided(inner, inner.size - done, source, from as usize, to, at as usize);
        }
    }
}

#[inline(always)]
fn tile<const N: usize>(
    rows: &Rows,
    source: &[Cell<[i8; N]>],
    from: u32,
    to: &[Cell<[i8; N]>],
    at: u32,
) {
    let mut values = [[[0; N]; TILE]; TILE];
    for (place, values) in (0..).zip(&mut values) {
        let (from, _) = rows.inner.after(from, at, place);
        let cells = source.get(from as usize..).and_then(|tail| tail.first_chunk::<TILE>());
        if let Some(cells) = cells {
            *values = cells.each_ref().map(Cell::get);
        }
    }
    for place in 0..TILE {
        let (_, at) = rows.row.after(from, at, place as i32);
        let cells = to.get(at as usize..).and_then(|tail| tail.first_chunk::<TILE>());
        for (cell, values) in cells.into_iter().flatten().zip(&values) {
            cell.set(values.get(place).copied().unwrap_or([0; N]));
        }
    }
}

/// A tile of bytes: a row is a number.
#[inline(always)]
fn byte_tile(rows: &Rows, source: Cells<'_>, from: u32, to: Cells<'_>, at: u32) {
    let mut values = [0; TILE];
    for (place, value) in (0..).zip(&mut values) {
        let (from, _) = rows.inner.after(from, at, place);
        *value = u64::from_le_bytes(source.load(from as usize).map(i8::cast_unsigned));
    }
    for (place, value) in (0..).zip(turned_bytes(values)) {
        let (_, at) = rows.row.after(from, at, place);
        to.store(at as usize, value.to_le_bytes().map(u8::cast_signed));
    }
}

/// Byte `i` of number `j` of what is byte `j` of number `i`.
#[inline(always)]
const fn turned_bytes([a, b, c, d, e, f, g, h]: [u64; TILE]) -> [u64; TILE] {
    const MASKS: [u64; 3] = [0x00ff_00ff_00ff_00ff, 0x0000_ffff_0000_ffff, 0x0000_0000_ffff_ffff];
    let [[a, b], [c, d]] = [swapped([a, b], 8, MASKS[0]), swapped([c, d], 8, MASKS[0])];
    let [[e, f], [g, h]] = [swapped([e, f], 8, MASKS[0]), swapped([g, h], 8, MASKS[0])];
    let [[a, c], [b, d]] = [swapped([a, c], 16, MASKS[1]), swapped([b, d], 16, MASKS[1])];
    let [[e, g], [f, h]] = [swapped([e, g], 16, MASKS[1]), swapped([f, h], 16, MASKS[1])];
    let [[a, e], [b, f]] = [swapped([a, e], 32, MASKS[2]), swapped([b, f], 32, MASKS[2])];
    let [[c, g], [d, h]] = [swapped([c, g], 32, MASKS[2]), swapped([d, h], 32, MASKS[2])];
    [a, b, c, d, e, f, g, h]
}

/// Swaps the upper bits of the first number with the lower ones of the second, in the fields that a
/// mask has.
#[inline(always)]
const fn swapped([first, second]: [u64; 2], shift: u32, mask: u64) -> [u64; 2] {
    let changed = ((first >> shift) ^ second) & mask;
    [first ^ (changed << shift), second ^ changed]
}
