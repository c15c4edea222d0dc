//! Stores that have not taken effect: what a device may do to stores that nothing orders.
//!
//! A store goes through three buffers: its thread's, its block's, the device's. Its own thread
//! sees it at once, threads of its block when it has left the first, other blocks when it has
//! left the second, the host when it has left the third. Stores leave in any order but that two
//! to the same bytes keep theirs. A fence empties the buffers up to its scope.
//!
//! Loads take effect at once and in order. What a missing acquire would do does not show here.

use super::random::Random;
use crate::address_map::{SHARED_BASE, WINDOW_BYTES};
use crate::memory::View;

/// The buffers of a device.
#[derive(Debug)]
pub(crate) struct Buffers {
    pub(crate) random: Random,
    /// In the order of their owners.
    threads: Vec<(Owner, Queue)>,
    /// In the order of the blocks' numbers.
    blocks: Vec<(u64, Queue)>,
    device: Queue,
}

/// A thread: its block's serial number and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner {
    pub(crate) block: u64,
    pub(crate) thread: u32,
}

/// A store on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) address: u64,
    pub(crate) bytes: u32,
    pub(crate) value: u64,
}

type Queue = Vec<Waiting>;

/// A store that leaves its thread for shared memory, which the block holds.
pub(crate) type SharedStore = Waiting;

impl Buffers {
    pub(crate) const fn new(seed: u64) -> Self {
        let random = Random::new(seed);
        Self { random, threads: Vec::new(), blocks: Vec::new(), device: Vec::new() }
    }

    /// Takes a store of a thread.
    pub(crate) fn store(&mut self, owner: Owner, store: Waiting) {
        queue_of(&mut self.threads, owner).push(store);
    }

    /// What a thread sees where memory holds `value`.
    pub(crate) fn load(&self, owner: Owner, address: u64, bytes: u32, value: u64) -> u64 {
        let thread = find(&self.threads, owner).map(|index| &self.threads[index].1);
        let block = find(&self.blocks, owner.block).map(|index| &self.blocks[index].1);
        let mut seen = value;
        for store in [Some(&self.device), block, thread].into_iter().flatten().flatten() {
            overlay(&mut seen, address, bytes, *store);
        }
        seen
    }

    /// Empties a thread's buffer into its block's; stores to shared memory come back.
    pub(crate) fn flush_thread(&mut self, owner: Owner) -> Vec<SharedStore> {
        let Some(index) = find(&self.threads, owner) else {
            return Vec::new();
        };
        let (_, queue) = self.threads.remove(index);
        let (shared, global): (Queue, Queue) = queue.into_iter().partition(is_shared);
        if !global.is_empty() {
            queue_of(&mut self.blocks, owner.block).extend(global);
        }
        shared
    }

    /// Empties a block's buffer into the device's.
    pub(crate) fn flush_block(&mut self, block: u64) {
        if let Some(index) = find(&self.blocks, block) {
            let (_, queue) = self.blocks.remove(index);
            self.device.extend(queue);
        }
    }

    /// Empties the device's buffer into memory.
    pub(crate) fn flush_device(&mut self, view: &mut View) {
        core::mem::take(&mut self.device).into_iter().for_each(|store| write(view, store));
    }

    /// Empties every buffer of threads that have ended or never fence, as the end of a grid does.
    pub(crate) fn flush_all(&mut self, view: &mut View) {
        let owners: Vec<Owner> = self.threads.iter().map(|(owner, _)| *owner).collect();
        for owner in owners {
            drop(self.flush_thread(owner));
        }
        let blocks: Vec<u64> = self.blocks.iter().map(|(block, _)| *block).collect();
        blocks.into_iter().for_each(|block| self.flush_block(block));
        self.flush_device(view);
    }

    /// Moves stores to these bytes on, all the way for a thread, so that a read-modify-write finds
    /// the last value. Stores to shared memory come back.
    pub(crate) fn settle(
        &mut self,
        view: &mut View,
        owner: Owner,
        address: u64,
        bytes: u32,
    ) -> Vec<SharedStore> {
        let touches = |store: &Waiting| overlaps(*store, address, bytes);
        let mut out = Vec::new();
        let thread = find(&self.threads, owner).map(|index| &mut self.threads[index].1);
        let block = find(&self.blocks, owner.block).map(|index| &mut self.blocks[index].1);
        for queue in [Some(&mut self.device), block, thread].into_iter().flatten() {
            out.extend(queue.extract_if(.., |store| touches(store)));
        }
        let (shared, global): (Queue, Queue) = out.into_iter().partition(is_shared);
        global.into_iter().for_each(|store| write(view, store));
        shared
    }

    /// Lets one store that may leave its buffer do so, or none. A store to shared memory comes
    /// back with its block.
    pub(crate) fn leak(&mut self, view: &mut View) -> Option<(u64, SharedStore)> {
        let count = self.threads.len() + self.blocks.len() + 1;
        let chosen = self.random.below(count as u64) as usize;
        if let Some((owner, queue)) = self.threads.get_mut(chosen) {
            let owner = *owner;
            let store = take_one(&mut self.random, queue)?;
            if queue.is_empty() {
                self.threads.remove(chosen);
            }
            if is_shared(&store) {
                return Some((owner.block, store));
            }
            queue_of(&mut self.blocks, owner.block).push(store);
        } else if let Some((_, queue)) = self.blocks.get_mut(chosen - self.threads.len()) {
            let store = take_one(&mut self.random, queue)?;
            if queue.is_empty() {
                self.blocks.remove(chosen - self.threads.len());
            }
            self.device.push(store);
        } else {
            let store = take_one(&mut self.random, &mut self.device)?;
            write(view, store);
        }
        None
    }
}

/// Where an owner's queue is in a list that is kept in order.
fn find<K: Ord + Copy>(queues: &[(K, Queue)], owner: K) -> Option<usize> {
    queues.binary_search_by_key(&owner, |(found, _)| *found).ok()
}

/// An owner's queue, new if it had none.
fn queue_of<K: Ord + Copy>(queues: &mut Vec<(K, Queue)>, owner: K) -> &mut Queue {
    let index = match queues.binary_search_by_key(&owner, |(found, _)| *found) {
        Ok(index) => index,
        Err(index) => {
            queues.insert(index, (owner, Vec::new()));
            index
        }
    };
    &mut queues[index].1
}

/// Takes a random store that no earlier one of the queue overlaps.
fn take_one(random: &mut Random, queue: &mut Queue) -> Option<Waiting> {
    if queue.is_empty() {
        return None;
    }
    let chosen = random.below(queue.len() as u64) as usize;
    let Waiting { address, bytes, .. } = queue[chosen];
    let first = queue.iter().position(|store| overlaps(*store, address, bytes))?;
    Some(queue.remove(first))
}

const fn is_shared(store: &Waiting) -> bool {
    let offset = store.address.wrapping_sub(SHARED_BASE);
    offset < WINDOW_BYTES
}

const fn overlaps(store: Waiting, address: u64, bytes: u32) -> bool {
    store.address < address + bytes as u64 && address < store.address + store.bytes as u64
}

/// Puts the bytes of a store over those of a value that was read.
fn overlay(value: &mut u64, address: u64, bytes: u32, store: Waiting) {
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
fn write(view: &mut View, store: Waiting) {
    if let Ok((allocation, offset)) = view.range(store.address, store.bytes) {
        allocation.store.store(offset, store.bytes, store.value);
    }
}
