//! Loads that return old values: what a device may do to loads that nothing orders.
//!
//! For every eight bytes that were stored lately there is a [`History`]. A load returns what was
//! there at some time, but nothing older than what its thread has to see: its own stores, what it
//! saw at these bytes before, and what was released to it ([`Sight`]). An acquiring load takes in
//! what the store *it read* released, a barrier what all its threads have to see, a `fence.sc`
//! what all earlier ones had to. A lighter fence takes in what the thread has read.
//!
//! Not modelled: loads that take effect after later stores of their thread (load buffering), and
//! loads of one place out of order, which PTX allows where scopes do not reach. What a test sees
//! here a device may do; some of what a device may do is not seen here.

mod arrival;
mod barrier;
mod collect;
mod history;
mod horizon;
mod host;
mod place;
mod race;
mod release;
mod watch;

pub(crate) use host::HostRead;
pub(crate) use place::mask_of;
pub use race::{Race, Side};
pub(crate) use race::{Site, Touch};

use core::hash::BuildHasherDefault;
use std::collections::HashMap;
use std::sync::Arc;

use crate::machine::buffers::Owner;
use crate::machine::queue::is_shared;
use crate::machine::random::Random;
use crate::program::operation::{Order, Reach};
use history::{Change, History};
use horizon::{Seen, Sight};
use place::{Mix, distance, low_bytes, shared_index, wide_mask};

/// What threads may and have to see.
#[derive(Debug)]
pub(crate) struct Views {
    /// Counts arrivals of stores.
    now: u64,
    random: Random,
    places: HashMap<u64, History, BuildHasherDefault<Mix>>,
    /// In the order of their numbers.
    blocks: Vec<BlockView>,
    releases: Vec<Release>,
    /// Numbers of releases that nobody uses.
    free: Vec<u32>,
    /// Releases in use after which it is time to look for others.
    limit: usize,
    host: ThreadView,
    /// Whether nothing orders the host's accesses but what they say.
    host_is_weak: bool,
    /// What fences of all blocks have to see, by their reach.
    sequential: [Sight; 3],
    stale: u64,
    /// The search for races, where that is asked for.
    races: Option<race::Races>,
    /// The moment of the last end of a grid.
    host_born: u64,
}

/// What the threads of a block have to see.
#[derive(Debug)]
struct BlockView {
    serial: u64,
    /// What was there when the grid was launched has to be seen.
    born: u64,
    /// Up to when everything in shared memory has to be seen by all.
    met: u64,
    threads: Vec<ThreadView>,
    barriers: [Gathering; 16],
    sequential: Sight,
    shared: Vec<Option<Box<History>>>,
}

/// What a thread has to see, and what it releases.
#[derive(Debug, Clone)]
struct ThreadView {
    sight: Sight,
    epoch: u32,
    /// What its last fence released, by number.
    released: u32,
    /// The last one that was acquired: a loop that polls finds it again.
    acquired: (u32, Reach),
    /// Releases that were read without acquiring, for a fence to come.
    observed: Vec<(u32, Reach)>,
}

impl Default for ThreadView {
    fn default() -> Self {
        let (sight, observed) = (Sight::default(), Vec::new());
        Self { sight, epoch: 1, released: 0, acquired: (0, Reach::Block), observed }
    }
}

/// What a fence or a releasing store released, by how far it reaches.
#[derive(Debug, Clone, Default)]
struct Release([Option<Arc<Sight>>; 3]);

/// Threads that arrive at a barrier.
#[derive(Debug, Default)]
struct Gathering {
    sight: Sight,
    /// Their epochs; empty once `sight` has them.
    threads: Vec<(u32, u32)>,
    complete: bool,
}

/// A load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read {
    pub(crate) owner: Owner,
    pub(crate) address: u64,
    pub(crate) bytes: u32,
    pub(crate) order: Order,
}

/// What a store carries to those that read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) epoch: u32,
    pub(crate) release: u32,
    /// How far it is one piece; `None` for a plain store.
    pub(crate) reach: Option<Reach>,
}

impl Stamp {
    /// The stamp of a plain store outside the views.
    pub(crate) const PLAIN: Self = Self { epoch: 0, release: 0, reach: None };
}

impl Views {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: 1,
            random: Random::new(seed ^ 0x51E_1A0D),
            places: HashMap::default(),
            blocks: Vec::new(),
            releases: vec![Release::default()],
            free: Vec::new(),
            limit: 0,
            host: ThreadView::default(),
            host_is_weak: false,
            sequential: Default::default(),
            stale: 0,
            races: None,
            host_born: 0,
        }
    }

    /// Notes that a grid is launched, and returns the moment; everything after it is later.
    pub(crate) const fn launch(&mut self) -> u64 {
        self.now += 1;
        self.now - 1
    }

    /// Returns how many loads returned an old value.
    pub(crate) const fn stale(&self) -> u64 {
        self.stale
    }

    /// Notes that a block starts, of a grid that was launched at moment `born`.
    pub(crate) fn begin(&mut self, serial: u64, threads: u32, born: u64) {
        let block = BlockView {
            serial,
            born,
            met: 0,
            threads: vec![ThreadView::default(); threads as usize],
            barriers: Default::default(),
            sequential: Sight::default(),
            shared: Vec::new(),
        };
        let index = self.blocks.partition_point(|found| found.serial < serial);
        self.blocks.insert(index, block);
    }

    /// Notes that a block has ended.
    pub(crate) fn end(&mut self, serial: u64) {
        self.blocks.retain(|block| block.serial != serial);
    }

    /// Forgets all stores, as no grid is left: everything has arrived, and no thread may see old
    /// values.
    pub(crate) fn forget(&mut self) {
        self.places.clear();
        self.blocks.clear();
        self.releases.truncate(1);
        self.free.clear();
        self.sequential = Default::default();
        self.host = ThreadView::default();
        if let Some(races) = &mut self.races {
            races.forget();
        }
    }

    /// Returns what a thread reads where memory holds `value` now.
    pub(crate) fn load(&mut self, read: Read, value: u64) -> u64 {
        let Read { owner, address, bytes, order } = read;
        let Some(index) = self.index(owner.block) else { return value };
        let block = &self.blocks[index];
        let (shared, place, mask) = (is_shared(address), address & !7, mask_of(address, bytes));
        let history = if shared { block.shared_history(address) } else { self.places.get(&place) };
        let Some(history) = history else { return value };
        let floor = block.born.max(if shared { block.met } else { 0 });
        let weak = matches!(order, Order::None);
        if weak && history.newest().is_none_or(|newest| newest.at <= floor) {
            return value;
        }
        let Some(view) = block.threads.get(owner.thread as usize) else { return value };
        let space = if shared { owner.block } else { 0 };
        let floor = floor.max(view.sight.seen_at(space, place, mask));
        let must = |change: &Change| {
            change.at <= floor
                || change.writer == owner
                || view.sight.horizon.covers(change.writer, change.epoch)
        };
        let serial = owner.block;
        let count = history.changes(serial, mask).take_while(|change| !must(change)).count();
        let back = if count == 0 { 0 } else { self.random.below(count as u64 + 1) as usize };
        let (mut wide, mut until) = (value << (8 * (address & 7)), u64::MAX);
        for change in history.changes(serial, mask).take(back) {
            let bytes = wide_mask(change.mask);
            wide = wide & !bytes | change.old & bytes;
            until = change.at;
        }
        self.stale += u64::from(back > 0);
        let source = if weak && back == count {
            None
        } else {
            history.writer_before(serial, mask, until).copied()
        };
        if let Some(source) = source {
            if back < count {
                let since = source.at;
                self.blocks[index].threads[owner.thread as usize].sight.saw(Seen {
                    block: space,
                    place,
                    mask,
                    since,
                });
            }
            self.take(index, owner, &source, order);
        }
        wide >> (8 * (address & 7)) & low_bytes(bytes)
    }

    /// Notes a read-modify-write. It reads the last value of its place, and what `release` is its
    /// own of; gives what its store releases.
    pub(crate) fn update(&mut self, read: Read, own: Stamp) -> Stamp {
        let Read { owner, address, bytes, order } = read;
        let Some(index) = self.index(owner.block) else { return own };
        let (mask, shared) = (mask_of(address, bytes), is_shared(address));
        let block = &self.blocks[index];
        let history =
            if shared { block.shared_history(address) } else { self.places.get(&(address & !7)) };
        let source = history.and_then(|h| h.writer_before(owner.block, mask, u64::MAX)).copied();
        let Some(source) = source else { return own };
        self.take(index, owner, &source, order);
        // Who reads what it stores synchronises with the releases it has read as well.
        let release = match (own.release, source.release) {
            (own, 0) => own,
            (0, read) => read,
            (own, read) if own == read => own,
            (own, read) => self.both(own, read),
        };
        Stamp { release, ..own }
    }

    fn both(&mut self, first: u32, second: u32) -> u32 {
        let [first, second] =
            [first, second].map(|number| self.releases.get(number as usize).cloned());
        let (Some(mut joined), Some(second)) = (first, second) else { return 0 };
        for (own, other) in joined.0.iter_mut().zip(second.0) {
            match (own.as_mut(), other) {
                (Some(own), Some(other)) => Arc::make_mut(own).join(&other),
                (None, other) => *own = other,
                (Some(_), None) => {}
            }
        }
        self.add(joined)
    }

    /// Notes that a thread has read what `source` stored.
    fn take(&mut self, index: usize, owner: Owner, source: &Change, order: Order) {
        let (reach, acquires) = match order {
            Order::None => return,
            Order::Relaxed(reach) | Order::Release(reach) => (reach, false),
            Order::Acquire(reach) | Order::Both(reach) => (reach, true),
        };
        let distance = distance(owner, source.writer);
        if source.release == 0 || reach < distance || source.reach < distance {
            return;
        }
        let Some(view) = self.blocks[index].threads.get_mut(owner.thread as usize) else { return };
        let found = (source.release, distance);
        if !acquires {
            if !view.observed.contains(&found) {
                view.observed.push(found);
            }
        } else if view.acquired != found {
            view.acquired = found;
            if let Some(sight) = sight_of(&self.releases, found) {
                view.sight.join(sight);
            }
        }
    }

    #[inline]
    fn index(&self, serial: u64) -> Option<usize> {
        self.blocks.binary_search_by_key(&serial, |block| block.serial).ok()
    }
}

impl BlockView {
    fn shared_history(&self, address: u64) -> Option<&History> {
        self.shared.get(shared_index(address))?.as_deref()
    }

    fn shared_history_mut(&mut self, address: u64) -> &mut History {
        let index = shared_index(address);
        if self.shared.len() <= index {
            self.shared.resize_with(index + 1, || None);
        }
        self.shared[index].get_or_insert_default()
    }
}

fn sight_of(releases: &[Release], (number, reach): (u32, Reach)) -> Option<&Arc<Sight>> {
    releases.get(number as usize)?.0.get(reach as usize)?.as_ref()
}
