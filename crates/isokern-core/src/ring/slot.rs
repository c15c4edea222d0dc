//! One message into the cells of its slot, and back.
//!
//! The bytes of the message, four to a cell, in the order of memory; zeros fill the last
//! word. Cells behind the message are not touched. Cell 0 is written last and read first.

use bytemuck::Pod;

use super::memory::{LINE_CELLS, SharedRing};
use super::words::SharedCell;

/// Cells that a message of type `T` takes: at least one, for its turn.
#[must_use]
pub const fn cells_of<T>() -> usize {
    let words = size_of::<T>().div_ceil(4);
    if words == 0 { 1 } else { words }
}

/// Lines that a message of type `T` takes.
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
    const { assert!(lines_of::<T>() <= R::LINES, "the message is larger than a slot") }
    let (slot_index, turn) = (ring.slot_count().slot_index(ticket), ring.slot_count().turn(ticket));
    let (words, rest) = bytemuck::bytes_of(message).as_chunks::<4>();
    let mut first = 0;
    for (index, word) in words.iter().enumerate() {
        let word = u32::from_le_bytes(*word);
        if index == 0 {
            first = word;
        } else {
            ring.cell(slot_index, index).publish(word, turn);
        }
    }
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        if words.is_empty() {
            first = word;
        } else {
            ring.cell(slot_index, words.len()).publish(word, turn);
        }
    }
    ring.cell(slot_index, 0).publish_release(first, turn);
}

/// The message of `ticket` when all its cells show the turn; `None` means *not yet*.
#[inline]
pub fn take<T: Pod, R: SharedRing>(ring: &R, ticket: u32) -> Option<T> {
    const { assert!(lines_of::<T>() <= R::LINES, "the message is larger than a slot") }
    let (slot_index, turn) = (ring.slot_count().slot_index(ticket), ring.slot_count().turn(ticket));
    let first = ring.cell(slot_index, 0).poll_acquire().at_turn(turn)?;
    let mut message = T::zeroed();
    let (words, rest) = bytemuck::bytes_of_mut(&mut message).as_chunks_mut::<4>();
    let whole_count = words.len();
    // One test for all cells instead of a branch for each.
    let mut missing = 0;
    for (index, word) in words.iter_mut().enumerate() {
        if index == 0 {
            *word = first.to_le_bytes();
        } else {
            let cell = ring.cell(slot_index, index).poll();
            missing |= cell.turn ^ turn;
            *word = cell.data.to_le_bytes();
        }
    }
    if !rest.is_empty() {
        let mut data = first;
        if whole_count != 0 {
            let cell = ring.cell(slot_index, whole_count).poll();
            missing |= cell.turn ^ turn;
            data = cell.data;
        }
        rest.iter_mut().zip(data.to_le_bytes()).for_each(|(byte, from)| *byte = from);
    }
    (missing == 0).then_some(message)
}
