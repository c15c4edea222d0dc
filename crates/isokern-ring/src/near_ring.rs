//! A ring of the core whose slots are brought near before they are polled or published.
//!
//! A slot goes from core to core and back with every lap. An end that works through a backlog
//! waits for each slot in turn; asking for the one eight tickets ahead overlaps these waits and
//! halves the time of a push and of a pop (decision 0014). Both hints are instructions without
//! another effect, but they take pointers, so this file is a door for `unsafe`
//! (`docs/safety.md`).
#![allow(unsafe_code)]

#[cfg(all(target_arch = "x86_64", not(miri)))]
use core::arch::asm;
#[cfg(all(target_arch = "x86_64", not(miri)))]
use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

#[cfg(all(target_arch = "x86_64", not(miri)))]
use isokern_core::ring::{HostCell, LINE_CELLS};
use isokern_core::ring::{HostRing, SharedCell, SharedRing, SharedWord, SlotCount};

/// A [`HostRing`] that takes these hints, where stable Rust can pass them on (x86-64).
#[derive(Debug, Default)]
pub struct NearRing<const N: usize, const LINES: usize>(HostRing<N, LINES>);

impl<const N: usize, const LINES: usize> NearRing<N, LINES> {
    /// Returns an empty ring, all bytes zero.
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

    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[inline]
    fn expect_poll(&self, slot_index: u32) {
        for line in cache_lines(self.0.slot(slot_index)) {
            // SAFETY: a prefetch neither reads nor writes and faults at no address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
        }
    }

    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[inline]
    fn expect_publish(&self, slot_index: u32) {
        for line in cache_lines(self.0.slot(slot_index)) {
            // The intrinsic makes this instruction only where `prfchw` is enabled, which stable
            // Rust cannot do. Processors without it take it for one that does nothing.
            // SAFETY: as above; it fetches the line for writing and writes nothing.
            unsafe { asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags)) };
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
    fn count_cell(&self, cell_index: usize) -> impl SharedCell {
        self.0.count_cell(cell_index)
    }

    #[inline]
    fn consumer_status(&self) -> impl SharedWord {
        self.0.consumer_status()
    }
}

/// Returns the addresses of the 64-byte lines of the cache that a slot covers.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
fn cache_lines(lines: &[[HostCell; LINE_CELLS]]) -> impl Iterator<Item = *const i8> {
    lines.as_flattened().chunks(LINE_CELLS / 2).map(|half| half.as_ptr().cast())
}
