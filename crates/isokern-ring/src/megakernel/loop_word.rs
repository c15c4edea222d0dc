//! Words of workers that run in one loop, on processors without compare-and-swap.

use isokern_core::actor::Fresh;
use isokern_core::ring::{HostWord, SharedCounter, SharedRmw, SharedWord};

/// A word that one loop alone claims and counts with: a load and a store, without a lock.
///
/// Good for the workers of a [`LoopWorkers`](crate::LoopWorkers), whose words only the loop
/// changes, also when tasks are submitted in an interrupt. The submitter and whoever closes share
/// one word; there the interrupt may come between load and store, and leaves the word as it was.
/// Two threads, or an interrupt that closes, need another word.
///
/// ```
/// use isokern_core::megakernel::{TaskArrays, TaskCells};
/// use isokern_ring::LoopWord;
///
/// static CELLS: TaskCells<TaskArrays<8, 1, LoopWord>> = TaskCells::new(2);
/// ```
#[derive(Debug, Default)]
pub struct LoopWord(HostWord);

impl Fresh for LoopWord {
    const FRESH: Self = Self(HostWord::new(0));
}

impl SharedWord for LoopWord {
    #[inline]
    fn load_relaxed(&self) -> u32 {
        self.0.load_relaxed()
    }

    #[inline]
    fn load_acquire(&self) -> u32 {
        self.0.load_acquire()
    }

    #[inline]
    fn store_relaxed(&self, value: u32) {
        self.0.store_relaxed(value);
    }

    #[inline]
    fn store_release(&self, value: u32) {
        self.0.store_release(value);
    }
}

impl SharedRmw for LoopWord {
    #[inline]
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        let found = self.0.load_acquire();
        if found != current {
            return Err(found);
        }
        self.0.store_release(new);
        Ok(found)
    }
}

impl SharedCounter for LoopWord {
    #[inline]
    fn fetch_add(&self, difference: u32) -> u32 {
        let found = self.0.load_acquire();
        self.0.store_release(found.wrapping_add(difference));
        found
    }
}
