//! Words of the model checker.

use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use isokern_core::ring::{CellValue, SharedCell, SharedCounter, SharedRmw, SharedWord};

/// A 32-bit atomic whose every access loom sees.
#[derive(Debug, Default)]
pub(super) struct LoomWord(AtomicU32);

impl LoomWord {
    pub(super) fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }
}

impl SharedWord for LoomWord {
    fn load_relaxed(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn load_acquire(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    fn store_relaxed(&self, value: u32) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn store_release(&self, value: u32) {
        self.0.store(value, Ordering::Release);
    }
}

impl SharedRmw for LoomWord {
    fn compare_exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
        self.0.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
}

impl SharedCounter for LoomWord {
    fn fetch_add(&self, difference: u32) -> u32 {
        self.0.fetch_add(difference, Ordering::AcqRel)
    }
}

/// A cell of one piece.
#[derive(Debug, Default)]
pub(super) struct LoomCell(AtomicU64);

impl LoomCell {
    fn load(&self, ordering: Ordering) -> CellValue {
        let both = self.0.load(ordering);
        CellValue { data: both as u32, turn: (both >> 32) as u32 }
    }

    fn store(&self, data: u32, turn: u32, ordering: Ordering) {
        self.0.store(u64::from(turn) << 32 | u64::from(data), ordering);
    }
}

impl SharedCell for LoomCell {
    fn poll(&self) -> CellValue {
        self.load(Ordering::Relaxed)
    }

    fn poll_acquire(&self) -> CellValue {
        self.load(Ordering::Acquire)
    }

    fn publish(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Relaxed);
    }

    fn publish_release(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Release);
    }

    fn read(&self) -> Option<CellValue> {
        Some(self.load(Ordering::Acquire))
    }

    fn replace(&self, data: u32, turn: u32) {
        self.store(data, turn, Ordering::Release);
    }
}
