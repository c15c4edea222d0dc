//! What a thread has to see: how far the stores of every other thread go for it.
//!
//! A thread counts its *epochs*: one ends where it releases something. Whoever acquires what was
//! released has to see the stores of all epochs up to that one, and whatever the releasing thread
//! had to see itself. Sources: *PTX ISA*, memory consistency model, causality order; the vectors
//! are those of Mattern, *Virtual Time and Global States of Distributed Systems*, 1989.

use std::sync::Arc;

use crate::machine::buffers::Owner;

/// The last epoch of each thread whose stores have to be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Horizon {
    /// By block, in the order of their numbers, then by thread.
    blocks: Vec<(u64, Arc<Vec<u32>>)>,
}

impl Horizon {
    /// Returns whether a store of `owner` in its `epoch` has to be seen.
    #[inline]
    pub(crate) fn covers(&self, owner: Owner, epoch: u32) -> bool {
        let last = self.epochs(owner.block).and_then(|epochs| epochs.get(owner.thread as usize));
        last.is_some_and(|last| *last >= epoch)
    }

    /// Adds the stores of these threads of a block to those that have to be seen.
    pub(crate) fn raise(&mut self, block: u64, threads: &[(u32, u32)]) {
        let Some(most) = threads.iter().map(|(thread, _)| *thread as usize + 1).max() else {
            return;
        };
        let index = self.index_of(block);
        let epochs = Arc::make_mut(&mut self.blocks[index].1);
        if epochs.len() < most {
            epochs.resize(most, 0);
        }
        for (thread, epoch) in threads {
            let last = &mut epochs[*thread as usize];
            *last = (*last).max(*epoch);
        }
    }

    /// Adds what `other` has to see to what has to be seen.
    pub(crate) fn join(own: &mut Arc<Self>, other: &Arc<Self>) {
        if Arc::ptr_eq(own, other) || other.is_within(own) {
            return;
        }
        if own.is_within(other) {
            *own = Arc::clone(other);
            return;
        }
        let joined = Arc::make_mut(own);
        for (block, theirs) in &other.blocks {
            let index = joined.index_of(*block);
            let ours = &mut joined.blocks[index].1;
            if Arc::ptr_eq(ours, theirs) || epochs_within(theirs, ours) {
                continue;
            }
            let ours = Arc::make_mut(ours);
            ours.resize(ours.len().max(theirs.len()), 0);
            for (our, their) in ours.iter_mut().zip(theirs.iter()) {
                *our = (*our).max(*their);
            }
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        self.blocks.iter().all(|(block, ours)| match other.epochs(*block) {
            Some(theirs) => Arc::ptr_eq(ours, theirs) || epochs_within(ours, theirs),
            None => ours.iter().all(|epoch| *epoch == 0),
        })
    }

    fn epochs(&self, block: u64) -> Option<&Arc<Vec<u32>>> {
        // Few blocks: faster than a search by halves.
        self.blocks.iter().find(|(found, _)| *found == block).map(|(_, epochs)| epochs)
    }

    fn index_of(&mut self, block: u64) -> usize {
        match self.blocks.binary_search_by_key(&block, |(found, _)| *found) {
            Ok(index) => index,
            Err(index) => {
                self.blocks.insert(index, (block, Arc::default()));
                index
            }
        }
    }
}

fn epochs_within(ours: &[u32], theirs: &[u32]) -> bool {
    let theirs = theirs.iter().copied().chain(core::iter::repeat(0));
    ours.iter().zip(theirs).all(|(our, their)| *our <= their)
}

/// A value that was seen: nothing older may be seen at these bytes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The block for shared memory, 0 for global memory.
    pub(crate) block: u64,
    /// The address of the eight bytes.
    pub(crate) place: u64,
    /// Which of them.
    pub(crate) mask: u8,
    /// Since when the value was there.
    pub(crate) since: u64,
}

/// What has to be seen, because somebody released it or because it was seen before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sight {
    pub(crate) horizon: Arc<Horizon>,
    pub(crate) seen: Vec<Seen>,
}

impl Sight {
    /// Takes in what another has to see.
    pub(crate) fn join(&mut self, other: &Self) {
        Horizon::join(&mut self.horizon, &other.horizon);
        for seen in &other.seen {
            self.saw(*seen);
        }
    }

    /// Takes in that a value was seen.
    pub(crate) fn saw(&mut self, seen: Seen) {
        let same = |found: &&mut Seen| {
            (found.block, found.place, found.mask) == (seen.block, seen.place, seen.mask)
        };
        match self.seen.iter_mut().find(same) {
            Some(found) => found.since = found.since.max(seen.since),
            None => self.seen.push(seen),
        }
    }

    /// Returns since when the newest value is there that was seen at some of these bytes.
    #[inline]
    pub(crate) fn seen_at(&self, block: u64, place: u64, mask: u8) -> u64 {
        let here = self.seen.iter().filter(|seen| seen.block == block && seen.place == place);
        here.filter(|seen| seen.mask & mask != 0).map(|seen| seen.since).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Horizon, Owner, Seen, Sight};

    const fn owner(block: u64, thread: u32) -> Owner {
        Owner { block, thread }
    }

    #[test]
    fn a_horizon_grows_by_what_it_joins_and_by_nothing_else() {
        let mut first = Arc::new(Horizon::default());
        Arc::make_mut(&mut first).raise(3, &[(1, 5), (0, 2)]);
        let mut second = Arc::new(Horizon::default());
        Arc::make_mut(&mut second).raise(3, &[(0, 4)]);
        Arc::make_mut(&mut second).raise(9, &[(7, 1)]);
        Horizon::join(&mut first, &second);
        assert!(first.covers(owner(3, 0), 4) && !first.covers(owner(3, 0), 5));
        assert!(first.covers(owner(3, 1), 5) && first.covers(owner(9, 7), 1));
        assert!(!first.covers(owner(9, 6), 1) && !first.covers(owner(4, 0), 1));
        let before = Arc::clone(&first);
        Horizon::join(&mut first, &second);
        assert!(Arc::ptr_eq(&before, &first), "what is there already is not copied");
    }

    #[test]
    fn what_was_seen_counts_for_its_bytes_alone() {
        let mut sight = Sight::default();
        sight.saw(Seen { block: 0, place: 64, mask: 0x0F, since: 7 });
        sight.saw(Seen { block: 0, place: 64, mask: 0x0F, since: 5 });
        assert_eq!(sight.seen_at(0, 64, 0x03), 7);
        assert_eq!(sight.seen_at(0, 64, 0xF0), 0);
        assert_eq!(sight.seen_at(1, 64, 0x0F), 0);
    }
}
