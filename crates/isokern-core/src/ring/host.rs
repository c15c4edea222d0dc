//! Words and cells of host threads and of firmware: the target's own atomics.

use core::mem::offset_of;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::{AtomicU32, Ordering};

use super::words::SharedWord;
#[cfg(target_has_atomic = "64")]
use super::words::{CellValue, SharedCell};
#[cfg(target_has_atomic = "32")]
use super::words::{SharedCounter, SharedRmw};

/// A 32-bit atomic of the target.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct HostWord(AtomicU32);

impl HostWord {
    /// Returns a word that holds `value`.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }
}

impl SharedWord for HostWord {
    #[inline]
    fn load_relaxed(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    fn load_acquire(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    #[inline]
    fn store_relaxed(&self, value: u32) {
        self.0.store(value, Ordering::Relaxed);
    }

    #[inline]
    fn store_release(&self, value: u32) {
        self.0.store(value, Ordering::Release);
    }
}

#[cfg(target_has_atomic = "32")]
impl SharedRmw for HostWord {
    #[inline]
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
}

#[cfg(target_has_atomic = "32")]
impl SharedCounter for HostWord {
    #[inline]
    fn fetch_add(&self, difference: u32) -> u32 {
        self.0.fetch_add(difference, Ordering::AcqRel)
    }
}

/// One 64-bit atomic: data in the lower half, turn in the upper.
#[cfg(target_has_atomic = "64")]
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct HostCell(AtomicU64);

/// Two 32-bit words, data first: this target has no 64-bit atomics.
#[cfg(not(target_has_atomic = "64"))]
pub type HostCell = super::split_cell::SplitCell<HostWord>;

// Host, firmware and device read these numbers: a change is a change of protocol.
const _: () = {
    assert!(size_of::<HostWord>() == 4);
    assert!(align_of::<HostWord>() == 4);
    assert!(size_of::<HostCell>() == 8);
    assert!(align_of::<HostCell>() == 8);
    assert!(offset_of!(CellLayout, data) == 0);
    assert!(offset_of!(CellLayout, turn) == 4);
};

/// The bytes of a cell, little-endian.
#[repr(C, align(8))]
struct CellLayout {
    data: u32,
    turn: u32,
}

/// Returns a cell that was never published.
#[cfg(target_has_atomic = "64")]
pub(crate) const fn empty_cell() -> HostCell {
    HostCell(AtomicU64::new(0))
}

/// Returns a cell that was never published.
#[cfg(not(target_has_atomic = "64"))]
pub(crate) const fn empty_cell() -> HostCell {
    HostCell::new(HostWord::new(0), HostWord::new(0))
}

#[cfg(target_has_atomic = "64")]
impl HostCell {
    #[inline]
    fn load(&self, ordering: Ordering) -> CellValue {
        let both = self.0.load(ordering);
        CellValue { data: both as u32, turn: (both >> 32) as u32 }
    }

    #[inline]
    fn store(&self, data: u32, turn: u32, ordering: Ordering) {
        self.0.store(u64::from(turn) << 32 | u64::from(data), ordering);
    }
}

#[cfg(target_has_atomic = "64")]
impl SharedCell for HostCell {
    #[inline]
    fn poll(&self) -> CellValue {
        self.load(Ordering::Relaxed)
    }

    #[inline]
    fn poll_acquire(&self) -> CellValue {
        self.load(Ordering::Acquire)
    }

    #[inline]
    fn publish(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Relaxed);
    }

    #[inline]
    fn publish_release(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Release);
    }

    #[inline]
    fn read(&self) -> Option<CellValue> {
        Some(self.load(Ordering::Acquire))
    }

    #[inline]
    fn replace(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Release);
    }
}
