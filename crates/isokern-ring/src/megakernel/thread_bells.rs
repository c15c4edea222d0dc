//! Bells of workers on threads.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering, fence};
use core::task::Waker;
use std::boxed::Box;

use isokern_core::megakernel::TaskBells;

use crate::{Notify, WakerCell};

/// A waker cell for each worker and one for the host.
///
/// Which workers sleep is in one word, so that a ring while all are at work costs a fence and a
/// load.
pub struct ThreadTaskBells {
    /// Bit `n % 64` for worker `n`.
    asleep: AtomicU64,
    workers: Box<[WakerCell]>,
    host: WakerCell,
}

impl ThreadTaskBells {
    /// Returns bells for so many workers.
    #[must_use]
    pub fn new(worker_count: u32) -> Self {
        let workers = (0..worker_count).map(|_| WakerCell::new()).collect();
        Self { asleep: AtomicU64::new(0), workers, host: WakerCell::new() }
    }

    fn ring(&self, bit: u32) {
        self.workers.iter().skip(bit as usize).step_by(64).for_each(Notify::notify);
    }
}

impl TaskBells for ThreadTaskBells {
    fn ring_worker(&self) {
        // Either the look of a worker that falls asleep sees what was put in, or this sees it.
        fence(Ordering::SeqCst);
        let mut asleep = self.asleep.load(Ordering::Relaxed);
        while asleep != 0 {
            let bit = asleep.trailing_zeros();
            let before = self.asleep.fetch_and(!(1 << bit), Ordering::AcqRel);
            if before & 1 << bit != 0 {
                return self.ring(bit);
            }
            asleep = before;
        }
    }

    fn ring_workers(&self) {
        fence(Ordering::SeqCst);
        self.asleep.store(0, Ordering::Relaxed);
        self.workers.iter().for_each(Notify::notify);
    }

    fn register_worker(&self, worker: u32, waker: &Waker) {
        if let Some(cell) = self.workers.get(worker as usize) {
            cell.register(waker);
            self.asleep.fetch_or(1 << (worker % 64), Ordering::AcqRel);
            fence(Ordering::SeqCst);
        }
    }

    fn ring_host(&self) {
        self.host.notify();
    }

    fn register_host(&self, waker: &Waker) {
        self.host.register(waker);
    }
}

impl fmt::Debug for ThreadTaskBells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadTaskBells").field("asleep", &self.asleep).finish_non_exhaustive()
    }
}
