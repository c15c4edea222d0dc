//! Count, then ticket: the queue of a class, and of free numbers.
//!
//! Cells have two turns a lap, free and filled. A pusher takes a ticket, waits until its cell is
//! free, fills it, and counts. A popper takes one from the count while that is positive, and then
//! a ticket that is sure to be filled. Both wait only for another worker that is at work between
//! its ticket and its cell.

use super::task_memory::QueueMemory;
use crate::ring::{SharedCell, SharedCounter, SharedWord, SlotCount};

/// Puts a number in. The caller knows that there is room: it has fewer numbers than places, and
/// each is in one queue at most.
#[inline]
pub(super) fn push<Q: QueueMemory>(queue: &Q, places: SlotCount, number: u32, wait: impl Fn()) {
    let ticket = queue.tail().fetch_add(1);
    let cell = queue.cell(places.slot_index(ticket));
    let free = free_turn(places, ticket);
    while cell.poll_acquire().turn != free {
        wait();
    }
    cell.publish_release(number, free.wrapping_add(1));
    queue.count().fetch_add(1);
}

/// Takes the number that was put in first, unless the queue looks empty. It may look so for a
/// moment while another worker takes its claim back.
#[inline]
pub(super) fn pop<Q: QueueMemory>(queue: &Q, places: SlotCount, wait: impl Fn()) -> Option<u32> {
    if !has_some(queue) {
        return None;
    }
    pop_one(queue, places, wait)
}

/// Works as [`pop`], for one that has just seen that the queue [has some](has_some).
#[inline]
pub(super) fn pop_one<Q: QueueMemory>(
    queue: &Q,
    places: SlotCount,
    wait: impl Fn(),
) -> Option<u32> {
    let count = queue.count();
    if count.fetch_add(u32::MAX).cast_signed() <= 0 {
        count.fetch_add(1);
        return None;
    }
    let ticket = queue.head().fetch_add(1);
    let cell = queue.cell(places.slot_index(ticket));
    let filled = free_turn(places, ticket).wrapping_add(1);
    loop {
        if let Some(number) = cell.poll_acquire().at_turn(filled) {
            let next_lap = ticket.wrapping_add(places.count());
            cell.publish_release(0, free_turn(places, next_lap));
            return Some(number);
        }
        wait();
    }
}

/// Returns whether the count is positive.
#[inline]
pub(super) fn has_some<Q: QueueMemory>(queue: &Q) -> bool {
    queue.count().load_relaxed().cast_signed() > 0
}

/// Returns the turn that a ticket's cell shows while it is free for it: twice the lap.
const fn free_turn(places: SlotCount, ticket: u32) -> u32 {
    (places.turn(ticket) - 1).wrapping_mul(2)
}
