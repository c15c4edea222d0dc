//! A waker under a critical section, for firmware.

use core::cell::Cell;
use core::fmt;
use core::task::Waker;

use critical_section::Mutex;
use isokern_core::actor::Fresh;

use super::Notify;

/// A waker cell that an interrupt may notify. Each call is one short critical section; wakers
/// are cloned, woken and dropped outside of it.
pub struct CriticalWakerCell {
    waker: Mutex<Cell<Option<Waker>>>,
}

impl CriticalWakerCell {
    /// Returns a cell without a waker.
    #[must_use]
    pub const fn new() -> Self {
        Self { waker: Mutex::new(Cell::new(None)) }
    }

    /// Puts another waker in and returns the one that was there, to be dropped or woken by the
    /// caller outside the critical section.
    fn exchange(&self, waker: Option<Waker>) -> Option<Waker> {
        critical_section::with(|section| self.waker.borrow(section).replace(waker))
    }
}

impl Default for CriticalWakerCell {
    fn default() -> Self {
        Self::new()
    }
}

impl Fresh for CriticalWakerCell {
    const FRESH: Self = Self::new();
}

impl Notify for CriticalWakerCell {
    const WAKES: bool = true;

    fn register(&self, waker: &Waker) {
        let waker = waker.clone();
        let old = self.exchange(Some(waker));
        drop(old);
    }

    fn notify(&self) {
        if let Some(waker) = self.exchange(None) {
            waker.wake();
        }
    }
}

impl fmt::Debug for CriticalWakerCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CriticalWakerCell").finish_non_exhaustive()
    }
}
