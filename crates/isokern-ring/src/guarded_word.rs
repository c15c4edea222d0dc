//! Compare-and-swap where the processor has none: under a critical section.

use isokern_core::actor::Fresh;
use isokern_core::ring::{HostWord, SharedCounter, SharedRmw, SharedWord};

/// A word whose compare-and-swap runs with interrupts off, or under whatever lock the
/// program's `critical-section` implementation takes.
///
/// Plain loads and stores stay what they are; a word that is claimed must be written by
/// claims alone.
#[derive(Debug, Default)]
pub struct GuardedWord(HostWord);

impl GuardedWord {
    /// Returns a word that holds `value`.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(HostWord::new(value))
    }
}

impl SharedWord for GuardedWord {
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

impl SharedRmw for GuardedWord {
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        critical_section::with(|_| {
            let found = self.0.load_acquire();
            if found != current {
                return Err(found);
            }
            self.0.store_release(new);
            Ok(found)
        })
    }
}

impl SharedCounter for GuardedWord {
    fn fetch_add(&self, difference: u32) -> u32 {
        critical_section::with(|_| {
            let found = self.0.load_acquire();
            self.0.store_release(found.wrapping_add(difference));
            found
        })
    }
}

impl Fresh for GuardedWord {
    const FRESH: Self = Self::new(0);
}
