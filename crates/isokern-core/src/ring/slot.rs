//! One message into the cells of its slot, and back.
//!
//! The bytes of the message, four to a cell, in the order of memory; zeros fill the last
//! word. Cells after the message are not touched. Cell 0 is written last and read first.

use core::cell::Cell;

use bytemuck::Pod;

use super::fit::require_fit;
use super::memory::{LINE_CELLS, SharedRing};
use super::words::SharedCell;

/// Returns how many cells a message of type `T` takes: at least one, for its turn.
#[must_use]
pub const fn cells_of<T>() -> usize {
    let words = size_of::<T>().div_ceil(4);
    if words == 0 { 1 } else { words }
}

/// Returns the lines that a message of type `T` takes.
///
/// ```
/// use isokern_core::ring::lines_of;
///
/// assert_eq!((lines_of::<u8>(), lines_of::<[u8; 64]>(), lines_of::<[u8; 65]>()), (1, 1, 2));
/// ```
#[must_use]
pub const fn lines_of<T>() -> usize {
    cells_of::<T>().div_ceil(LINE_CELLS)
}

/// Writes `message` to the slot of `ticket`, which the caller knows to be free.
#[inline]
pub fn publish<T: Pod, R: SharedRing>(ring: &R, ticket: u32, message: &T) {
    const { require_fit(size_of::<T>(), 0, R::LINES) }
    let (slot_index, turn) = (ring.slot_count().slot_index(ticket), ring.slot_count().turn(ticket));
    let (words, rest) = bytemuck::bytes_of(message).as_chunks::<4>();
    let mut last = 0;
    if !rest.is_empty() {
        last = rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        if !words.is_empty() {
            ring.cell(slot_index, words.len()).publish(last, turn);
        }
    }
    // From the back, so that the stores to the line that a consumer watches come together; counted,
    // so that a compiler knows how often.
    for index in (1..words.len()).rev() {
        if let Some(word) = words.get(index) {
            ring.cell(slot_index, index).publish(u32::from_le_bytes(*word), turn);
        }
    }
    let first = words.first().map_or(last, |word| u32::from_le_bytes(*word));
    ring.cell(slot_index, 0).publish_release(first, turn);
}

/// Writes a message of so many words to the slot of `ticket`, which the caller knows to be
/// free. Words that the slot has no cells for are left out.
pub(super) fn publish_words<R: SharedRing>(ring: &R, ticket: u32, words: &[u32]) {
    let (slot_index, turn) = (ring.slot_count().slot_index(ticket), ring.slot_count().turn(ticket));
    for (index, word) in words.iter().enumerate().take(R::LINES * LINE_CELLS).skip(1).rev() {
        ring.cell(slot_index, index).publish(*word, turn);
    }
    let first = words.first().copied().unwrap_or_default();
    ring.cell(slot_index, 0).publish_release(first, turn);
}

/// Writes a message whose bytes are known at run time alone to the slot of `ticket`, which the
/// caller knows to be free and to have room for so many.
pub(super) fn publish_bytes<R: SharedRing>(ring: &R, ticket: u32, message: &[u8]) {
    let (slot_index, turn) = (ring.slot_count().slot_index(ticket), ring.slot_count().turn(ticket));
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    let words = message.chunks(4).enumerate().take(R::LINES * LINE_CELLS);
    for (index, bytes) in words.skip(1) {
        ring.cell(slot_index, index).publish(word(bytes), turn);
    }
    let first = message.chunks(4).next().map_or(0, word);
    ring.cell(slot_index, 0).publish_release(first, turn);
}

/// Takes the bytes of the message of `ticket` when all its cells show the turn; `None` means *not
/// yet*. Bytes that the slot has no cells for are left as they are.
pub(super) fn take_bytes<R: SharedRing>(ring: &R, ticket: u32, message: &[Cell<u8>]) -> Option<()> {
    let (slot_index, turn) = (ring.slot_count().slot_index(ticket), ring.slot_count().turn(ticket));
    if ring.cell(slot_index, 0).poll_acquire().turn != turn {
        return None;
    }
    for (index, bytes) in message.chunks(4).enumerate().take(R::LINES * LINE_CELLS) {
        let data = ring.cell(slot_index, index).poll().at_turn(turn)?.to_le_bytes();
        bytes.iter().zip(data).for_each(|(byte, from)| byte.set(from));
    }
    Some(())
}

/// Returns what follows a message of type `T` in the slot of `ticket`, from the next cell on, when
/// its cells show the turn, too; zero where a slot ends before it.
pub(super) fn take_rest<T: Pod, E: Pod, R: SharedRing>(ring: &R, ticket: u32) -> Option<E> {
    const { assert!(size_of::<E>().is_multiple_of(4), "what follows is whole words") }
    let mut rest = E::zeroed();
    let first = cells_of::<T>();
    if first + cells_of::<E>() > R::LINES * LINE_CELLS {
        return Some(rest);
    }
    let (slot_index, turn) = (ring.slot_count().slot_index(ticket), ring.slot_count().turn(ticket));
    let (words, _) = bytemuck::bytes_of_mut(&mut rest).as_chunks_mut::<4>();
    for (index, word) in words.iter_mut().enumerate() {
        *word = ring.cell(slot_index, first + index).poll().at_turn(turn)?.to_le_bytes();
    }
    Some(rest)
}

/// Returns the message of `ticket` when all its cells show the turn; `None` means *not yet*.
#[inline]
pub fn take<T: Pod, R: SharedRing>(ring: &R, ticket: u32) -> Option<T> {
    const { require_fit(size_of::<T>(), 0, R::LINES) }
    let (slot_index, turn) = (ring.slot_count().slot_index(ticket), ring.slot_count().turn(ticket));
    if ring.cell(slot_index, 0).poll_acquire().turn != turn {
        return None;
    }
    let mut message = T::zeroed();
    // One test for all turns instead of a branch for each.
    let mut missing = 0;
    let mut data_of = |cell_index| {
        let cell = ring.cell(slot_index, cell_index).poll();
        missing |= cell.turn ^ turn;
        cell.data
    };
    // Two cells at a time: half as many stores, and words that the copies of the message on
    // its way to the caller can be fed from.
    let (pairs, rest) = bytemuck::bytes_of_mut(&mut message).as_chunks_mut::<8>();
    let mut cell_index = 0;
    for pair in pairs {
        let low = u64::from(data_of(cell_index));
        *pair = (u64::from(data_of(cell_index + 1)) << 32 | low).to_le_bytes();
        cell_index += 2;
    }
    for word in rest.chunks_mut(4) {
        let data = data_of(cell_index).to_le_bytes();
        word.iter_mut().zip(data).for_each(|(byte, from)| *byte = from);
        cell_index += 1;
    }
    (missing == 0).then_some(message)
}
