//! Stores that have not taken effect: what a device may do to stores that nothing orders.
//!
//! A store goes through three buffers: its thread's, its block's, the device's. Its own thread
//! sees it at once, threads of its block when it has left the first, other blocks when it has
//! left the second, the host when it has left the third. Stores leave in any order but that two
//! to the same bytes keep theirs. A fence empties the buffers up to its scope.
//!
//! With [`Views`] loads may return old values too, and one store in eight is slow: it stays where
//! it is for up to [`SLOW_STEPS`] steps unless a fence sends it on. Without, loads take effect at
//! once and in order, and what a missing acquire would do does not show.

use super::queue::{
    find, is_shared, is_shared_store, memory_value, overlaps, overlay, queue_of, take_one, write,
};
use super::random::Random;
use crate::memory::View;
use crate::program::operation::Order;
use crate::views::{HostRead, Read, Stamp, Views, mask_of};

/// The buffers of a device.
#[derive(Debug)]
pub(crate) struct Buffers {
    pub(crate) random: Random,
    /// In the order of their owners.
    threads: Vec<(Owner, Queue)>,
    /// In the order of the blocks' numbers.
    blocks: Vec<(u64, Queue)>,
    device: Queue,
    /// What loads may return; `None` for what is there.
    pub(crate) views: Option<Views>,
    /// Steps so far.
    steps: u64,
}

/// The most steps that a slow store waits by itself.
const SLOW_STEPS: u64 = 10_000;

/// A thread: its block's serial number and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner {
    pub(crate) block: u64,
    pub(crate) thread: u32,
}

impl Owner {
    /// The host, which is no thread of a block: blocks are numbered from 1.
    pub(crate) const HOST: Self = Self { block: 0, thread: 0 };
}

/// A store on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) address: u64,
    pub(crate) bytes: u32,
    pub(crate) value: u64,
    pub(crate) owner: Owner,
    pub(crate) stamp: Stamp,
    /// The step before which only a fence sends it on.
    pub(crate) ready: u64,
}

/// Stores, oldest first.
pub(crate) type Queue = Vec<Waiting>;

/// A store that leaves its thread for shared memory, which the block holds.
pub(crate) type SharedStore = Waiting;

impl Waiting {
    /// Returns a store of a thread that may leave at once.
    pub(crate) const fn new(owner: Owner, address: u64, bytes: u32, value: u64) -> Self {
        Self { address, bytes, value, owner, stamp: Stamp::PLAIN, ready: 0 }
    }
}

impl Buffers {
    pub(crate) const fn new(seed: u64) -> Self {
        let random = Random::new(seed);
        let threads = Vec::new();
        Self { random, threads, blocks: Vec::new(), device: Vec::new(), views: None, steps: 0 }
    }

    /// Returns buffers with views.
    pub(crate) fn weak(seed: u64) -> Self {
        Self { views: Some(Views::new(seed)), ..Self::new(seed) }
    }

    /// Takes a store of a thread.
    pub(crate) fn store(&mut self, store: Waiting, stamp: Stamp) {
        let mut store = Waiting { stamp, ..store };
        if self.views.is_some() && self.random.below(8) == 0 {
            let most = SLOW_STEPS >> self.random.below(10);
            store.ready = self.steps + self.random.below(most);
        }
        queue_of(&mut self.threads, store.owner).push(store);
    }

    /// Returns what the next store of a thread takes along.
    pub(crate) fn stamp(&mut self, owner: Owner, order: Order) -> Stamp {
        self.views.as_mut().map_or(Stamp::PLAIN, |views| views.stamp(owner, order))
    }

    /// Returns what a thread sees where memory holds `value`.
    pub(crate) fn load(&mut self, read: Read, value: u64) -> u64 {
        let Read { owner, address, bytes, .. } = read;
        let thread = find(&self.threads, owner).map(|index| &self.threads[index].1);
        let block = find(&self.blocks, owner.block).map(|index| &self.blocks[index].1);
        let mut seen = value;
        for store in [Some(&self.device), block].into_iter().flatten().flatten() {
            overlay(&mut seen, address, bytes, *store);
        }
        let shared = seen;
        for store in thread.into_iter().flatten() {
            overlay(&mut seen, address, bytes, *store);
        }
        let own = || thread.into_iter().flatten().any(|store| overlaps(*store, address, bytes));
        match &mut self.views {
            Some(views) if shared == seen && !own() => views.load(read, seen),
            _ => seen,
        }
    }

    /// Empties a thread's buffer into its block's; stores to shared memory come back.
    pub(crate) fn flush_thread(&mut self, view: &mut View, owner: Owner) -> Vec<SharedStore> {
        let Some(index) = find(&self.threads, owner) else {
            return Vec::new();
        };
        let (_, queue) = self.threads.remove(index);
        let (shared, global): (Queue, Queue) = queue.into_iter().partition(is_shared_store);
        for store in global {
            self.reach_block(view, store);
        }
        shared
    }

    /// Empties a block's buffer into the device's.
    pub(crate) fn flush_block(&mut self, view: &mut View, block: u64) {
        if let Some(index) = find(&self.blocks, block) {
            let (_, queue) = self.blocks.remove(index);
            for store in queue {
                self.reach_device(view, store);
            }
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
            drop(self.flush_thread(view, owner));
        }
        let blocks: Vec<u64> = self.blocks.iter().map(|(block, _)| *block).collect();
        blocks.into_iter().for_each(|block| self.flush_block(view, block));
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
        let touches = |store: &mut Waiting| overlaps(*store, address, bytes);
        for store in self.device.extract_if(.., touches).collect::<Queue>() {
            write(view, store);
        }
        if let Some(index) = find(&self.blocks, owner.block) {
            for store in self.blocks[index].1.extract_if(.., touches).collect::<Queue>() {
                self.note_device(view, &store);
                write(view, store);
            }
        }
        let Some(index) = find(&self.threads, owner) else { return Vec::new() };
        let out = self.threads[index].1.extract_if(.., touches).collect::<Queue>();
        let (shared, global): (Queue, Queue) = out.into_iter().partition(is_shared_store);
        for store in global {
            self.note_block(view, &store);
            self.note_device(view, &store);
            write(view, store);
        }
        shared
    }

    /// Lets one store that may leave its buffer do so, or none. A store to shared memory comes
    /// back with its block, which is one that `here` holds for.
    pub(crate) fn leak(
        &mut self,
        view: &mut View,
        here: impl Fn(u64) -> bool,
    ) -> Option<(u64, SharedStore)> {
        let count = self.threads.len() + self.blocks.len() + 1;
        let chosen = self.random.below(count as u64) as usize;
        if let Some((owner, queue)) = self.threads.get_mut(chosen) {
            let owner = *owner;
            let may = |store: &Waiting| !is_shared(store.address) || here(owner.block);
            let store = take_one(&mut self.random, queue, self.steps, may)?;
            if queue.is_empty() {
                self.threads.remove(chosen);
            }
            if is_shared(store.address) {
                return Some((owner.block, store));
            }
            self.reach_block(view, store);
        } else if let Some((_, queue)) = self.blocks.get_mut(chosen - self.threads.len()) {
            let store = take_one(&mut self.random, queue, self.steps, |_| true)?;
            if queue.is_empty() {
                self.blocks.remove(chosen - self.threads.len());
            }
            self.reach_device(view, store);
        } else {
            let store = take_one(&mut self.random, &mut self.device, self.steps, |_| true)?;
            write(view, store);
        }
        None
    }

    /// Counts a step: slow stores get faster by it.
    pub(crate) fn pass(&mut self) {
        self.steps += 1;
        if let Some(views) = self.views.as_mut().filter(|views| views.is_full()) {
            let threads = self.threads.iter().flat_map(|(_, queue)| queue);
            let blocks = self.blocks.iter().flat_map(|(_, queue)| queue);
            let all = threads.chain(blocks).chain(&self.device);
            views.collect(all.map(|store| store.stamp.release));
        }
    }

    /// Notes a store that arrives in shared memory, where it replaces `old`.
    pub(crate) fn note_shared(&mut self, store: &SharedStore, old: u64) {
        if let Some(views) = &mut self.views {
            views.arrived(store, store.owner.block, old, &[]);
        }
    }

    /// Notes a read-modify-write that has replaced `old` in global memory.
    pub(crate) fn note_update(&mut self, store: &Waiting, old: u64) {
        if let Some(views) = &mut self.views {
            views.arrived(store, store.owner.block, old, &[]);
            views.arrived(store, 0, old, &[]);
        }
    }

    /// Notes that the host is about to store, and releases by it what it did before.
    pub(crate) fn note_host(&mut self, view: &mut View, address: u64, bytes: u32, releases: bool) {
        let Some(views) = &mut self.views else { return };
        view.refresh();
        let stamp = views.host_stamp(releases);
        let store = Waiting { stamp, ..Waiting::new(Owner::HOST, address, bytes, 0) };
        self.note_device(view, &store);
    }

    /// Returns what the host reads where memory holds `value`.
    pub(crate) fn host_reads(&mut self, read: HostRead, value: u64) -> u64 {
        let Some(views) = &mut self.views else { return value };
        let HostRead { address, bytes, .. } = read;
        let waiting = self.device.iter().filter(|store| overlaps(**store, address, bytes));
        views.host_load(read, value, waiting.count())
    }

    /// Lets a store of a thread arrive in its block's buffer.
    fn reach_block(&mut self, view: &mut View, store: Waiting) {
        self.note_block(view, &store);
        queue_of(&mut self.blocks, store.owner.block).push(store);
    }

    /// Lets a store of a block arrive in the device's buffer.
    fn reach_device(&mut self, view: &mut View, store: Waiting) {
        self.note_device(view, &store);
        self.device.push(store);
    }

    fn note_block(&mut self, view: &mut View, store: &Waiting) {
        let Some(views) = &mut self.views else { return };
        let Waiting { address, bytes, owner, .. } = *store;
        let mut old = memory_value(view, store);
        let block = find(&self.blocks, owner.block).map(|index| &self.blocks[index].1);
        for waiting in [Some(&self.device), block].into_iter().flatten().flatten() {
            overlay(&mut old, address, bytes, *waiting);
        }
        views.arrived(store, owner.block, old, &[]);
    }

    fn note_device(&mut self, view: &mut View, store: &Waiting) {
        let Some(views) = &mut self.views else { return };
        let Waiting { address, bytes, owner, .. } = *store;
        let mut old = memory_value(view, store);
        for waiting in &self.device {
            overlay(&mut old, address, bytes, *waiting);
        }
        let mut hidden = Vec::new();
        for (block, queue) in self.blocks.iter().filter(|(block, _)| *block != owner.block) {
            let over = queue.iter().filter(|over| overlaps(**over, address & !7, 8));
            let mask = over.fold(0, |mask, over| mask | mask_of(over.address, over.bytes));
            if mask != 0 {
                hidden.push((*block, mask));
            }
        }
        views.arrived(store, 0, old, &hidden);
    }
}
