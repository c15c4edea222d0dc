//! Lends static memory to the program: arenas, rings, actors.
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::ending;

/// Lends static memory for the rest of the program; ends the program if the same line lends it
/// again.
///
/// ```ignore
/// let arena = lend!(digits::Arena = digits::Arena::new());
/// ```
#[macro_export]
macro_rules! lend {
    ($kind:ty = $value:expr) => {{
        static ONCE: $crate::memory::Once = $crate::memory::Once::new();
        static PLACE: $crate::memory::Place<$kind> = $crate::memory::Place::new($value);
        ONCE.pass();
        // SAFETY: the place has no other name than this one, and `ONCE` lets one pass here.
        unsafe { PLACE.lend() }
    }};
}

/// Lets the first one pass that asks.
#[derive(Debug)]
pub struct Once(AtomicBool);

impl Once {
    /// Returns one that nobody has asked.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Returns to the first caller, and ends the program for all others; an interrupt may be one.
    #[inline(never)] // Once for all that is lent.
    pub fn pass(&self) {
        if !self.is_first() {
            ending::fail("memory is lent already");
        }
    }

    /// Returns whether this is the first call; an interrupt may make another.
    pub fn is_first(&self) -> bool {
        // A swap, of which not every processor is capable.
        critical_section::with(|_| {
            let is_first = !self.0.load(Ordering::Relaxed);
            self.0.store(true, Ordering::Relaxed);
            is_first
        })
    }
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

/// Memory that [`lend!`](crate::lend) lends. The flag is not part of it: arenas are aligned, and
/// would grow by as much.
#[derive(Debug)]
pub struct Place<T>(UnsafeCell<T>);

// SAFETY: whoever calls `lend` has promised that there is one borrower, and may be on any side.
unsafe impl<T: Send> Sync for Place<T> {}

impl<T> Place<T> {
    /// Keeps a value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Returns the only reference to the value.
    ///
    /// # Safety
    ///
    /// It must be called at most once.
    #[expect(clippy::mut_from_ref, reason = "at most once")]
    pub unsafe fn lend(&'static self) -> &'static mut T {
        // SAFETY: by the promise above no other reference is made.
        unsafe { &mut *self.0.get() }
    }
}
