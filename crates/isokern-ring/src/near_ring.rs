//! A ring of the core whose slots are brought near before they are polled.
//!
//! A consumer that lags behind waits for cache lines from the producer's core, one slot after
//! the other. Asking for a slot eight tickets ahead overlaps these waits; measured, it halves
//! the time of a pop. It is a hint to the processor that has no other effect, but its intrinsic
//! takes a pointer, so this file is a door for `unsafe` (`docs/safety.md`).
#![allow(unsafe_code)]

use isokern_core::ring::{HostRing, SharedCell, SharedRing, SharedWord, SlotCount};

/// A [`HostRing`] with that hint, where the target has one that stable Rust can give (x86-64).
#[derive(Debug, Default)]
pub struct NearRing<const N: usize, const LINES: usize>(HostRing<N, LINES>);

impl<const N: usize, const LINES: usize> NearRing<N, LINES> {
    /// An empty ring, all bytes zero.
    #[must_use]
    pub const fn new() -> Self {
        Self(HostRing::new())
    }

    /// Makes the ring new again.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<const N: usize, const LINES: usize> SharedRing for NearRing<N, LINES> {
    const LINES: usize = LINES;

    #[inline]
    fn slot_count(&self) -> SlotCount {
        self.0.slot_count()
    }

    #[inline]
    fn cell(&self, slot_index: u32, cell_index: usize) -> impl SharedCell {
        self.0.cell(slot_index, cell_index)
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn expect_soon(&self, slot_index: u32) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

        // Half a line of cells is one line of the cache.
        for half in self.0.slot(slot_index).as_flattened().chunks(8) {
            let address = half.as_ptr().cast::<i8>();
            // SAFETY: a prefetch neither reads nor writes and faults at no address; this one is
            // inside the ring.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address) };
        }
    }

    #[inline]
    fn head(&self) -> impl SharedWord {
        self.0.head()
    }

    #[inline]
    fn acknowledgement(&self) -> impl SharedCell {
        self.0.acknowledgement()
    }

    #[inline]
    fn final_tail(&self) -> impl SharedCell {
        self.0.final_tail()
    }

    #[inline]
    fn producer_status(&self) -> impl SharedWord {
        self.0.producer_status()
    }

    #[inline]
    fn consumer_status(&self) -> impl SharedWord {
        self.0.consumer_status()
    }
}
