//! Queues of stores: who has one, which store may leave, what a reader sees of those in it.

use super::buffers::{Queue, Waiting};
use super::random::Random;
use crate::address_map::{SHARED_BASE, WINDOW_BYTES};
use crate::memory::View;

/// Returns where an owner's queue is in a list that is kept in order.
pub(crate) fn find<K: Ord + Copy>(queues: &[(K, Queue)], owner: K) -> Option<usize> {
    queues.binary_search_by_key(&owner, |(found, _)| *found).ok()
}

/// Returns an owner's queue, new if it had none.
pub(crate) fn queue_of<K: Ord + Copy>(queues: &mut Vec<(K, Queue)>, owner: K) -> &mut Queue {
    let index = match queues.binary_search_by_key(&owner, |(found, _)| *found) {
        Ok(index) => index,
        Err(index) => {
            queues.insert(index, (owner, Vec::new()));
            index
        }
    };
    &mut queues[index].1
}

/// Takes a random store that may leave and that no earlier one of the queue overlaps.
pub(crate) fn take_one(
    random: &mut Random,
    queue: &mut Queue,
    step: u64,
    may: impl Fn(&Waiting) -> bool,
) -> Option<Waiting> {
    if queue.is_empty() {
        return None;
    }
    let chosen = random.below(queue.len() as u64) as usize;
    let Waiting { address, bytes, .. } = queue[chosen];
    let first = queue.iter().position(|store| overlaps(*store, address, bytes))?;
    let found = queue.get(first).is_some_and(|store| store.ready <= step && may(store));
    found.then(|| queue.remove(first))
}

/// Returns whether an address, as buffers know it, is one of shared memory.
pub(crate) const fn is_shared(address: u64) -> bool {
    address.wrapping_sub(SHARED_BASE) < WINDOW_BYTES
}

/// Returns whether a store is one to shared memory.
pub(crate) const fn is_shared_store(store: &Waiting) -> bool {
    is_shared(store.address)
}

/// Returns what memory holds where a store goes; zeros where it was freed.
pub(crate) fn memory_value(view: &mut View, store: &Waiting) -> u64 {
    let found = view.range(store.address, store.bytes);
    found.map_or(0, |(allocation, offset)| allocation.store.load(offset, store.bytes))
}

/// Returns whether a store touches some of these bytes.
pub(crate) const fn overlaps(store: Waiting, address: u64, bytes: u32) -> bool {
    store.address < address + bytes as u64 && address < store.address + store.bytes as u64
}

/// Puts the bytes of a store over those of a value that was read.
pub(crate) fn overlay(value: &mut u64, address: u64, bytes: u32, store: Waiting) {
    if !overlaps(store, address, bytes) {
        return;
    }
    let mut seen = value.to_le_bytes();
    for (at, byte) in (store.address..).zip(store.value.to_le_bytes()).take(store.bytes as usize) {
        let index = at.wrapping_sub(address);
        if index < u64::from(bytes) {
            seen[index as usize] = byte;
        }
    }
    *value = u64::from_le_bytes(seen);
}

/// Writes a store to memory. What was freed meanwhile is dropped, as the access was checked when
/// it was made.
pub(crate) fn write(view: &mut View, store: Waiting) {
    if let Ok((allocation, offset)) = view.range(store.address, store.bytes) {
        allocation.store.store(offset, store.bytes, store.value);
    }
}
