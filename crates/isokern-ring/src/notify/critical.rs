//! A waker under a critical section, for firmware.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::Mutex;

use super::Notify;

/// A waker cell that an interrupt may notify. Each call is one short critical section; the
/// waker itself runs outside of it.
#[derive(Debug)]
pub struct CriticalWakerCell {
    waker: Mutex<RefCell<Option<Waker>>>,
}

impl CriticalWakerCell {
    /// A cell without a waker.
    #[must_use]
    pub const fn new() -> Self {
        Self { waker: Mutex::new(RefCell::new(None)) }
    }

    /// Puts another waker in and returns the one that was there, to be dropped or woken by the
    /// caller outside the critical section.
    fn exchange(&self, waker: Option<Waker>) -> Option<Waker> {
        critical_section::with(|section| {
            // Borrowed nowhere else: nothing in here calls out.
            let mut kept = self.waker.borrow(section).try_borrow_mut().ok()?;
            core::mem::replace(&mut *kept, waker)
        })
    }
}

impl Default for CriticalWakerCell {
    fn default() -> Self {
        Self::new()
    }
}

impl Notify for CriticalWakerCell {
    const WAKES: bool = true;

    fn register(&self, waker: &Waker) {
        drop(self.exchange(Some(waker.clone())));
    }

    fn notify(&self) {
        if let Some(waker) = self.exchange(None) {
            waker.wake();
        }
    }
}
