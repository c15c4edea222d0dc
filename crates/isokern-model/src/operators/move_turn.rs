//! Rows that become columns, a tile after the other.

use core::cell::Cell;

use isokern_core::Cells;

use crate::operators::move_rows::{Rows, strided};

/// Rows and columns of a tile.
const TILE: usize = 8;

/// Copies rows to columns, in tiles.
#[inline(always)]
pub(super) fn turned<const N: usize>(rows: &Rows, bytes: Cells<'_>, to_bytes: Cells<'_>) {
    let (source, to) = (bytes.elements::<N>(), to_bytes.elements::<N>());
    let (inner, row) = (&rows.inner, &rows.row);
    let whole = |size: u32| size - size % TILE as u32;
    let (columns, lines) = (whole(inner.size), whole(row.size));
    for first_row in (0..lines).step_by(TILE) {
        for first in (0..columns).step_by(TILE) {
            let (from, at) = row.after(rows.from, rows.to, first_row.cast_signed());
            let (from, at) = inner.after(from, at, first.cast_signed());
            if N == 1 {
                byte_tile(rows, bytes, from, to_bytes, at);
            } else {
                tile(rows, source, from, to, at);
            }
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

/// Copies a tile of bytes, each row as one number.
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

/// Returns the transposed tile: byte `i` of number `j` is byte `j` of number `i`.
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
