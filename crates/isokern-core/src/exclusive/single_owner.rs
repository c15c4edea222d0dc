//! A cell whose second entry is refused. A door for `unsafe` (`docs/safety.md`).
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use super::{Busy, Exclusive};

/// A value with at most one user at a time; the next one is told [`Busy`].
///
/// Neither waits nor spins, so an interrupt may ask for a value the main loop is using.
pub struct SingleOwner<T> {
    used: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `used` lets one thread at a time reach the value; it moves between threads as
// a `T` would, so `T: Send` is enough.
unsafe impl<T: Send> Sync for SingleOwner<T> {}

impl<T> SingleOwner<T> {
    /// Returns the cell, not in use.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { used: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Returns the value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: Send> Exclusive<T> for SingleOwner<T> {
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Busy> {
        // Acquire: sees what the user before wrote; pairs with the release in `Release`.
        if self.used.swap(true, Ordering::Acquire) {
            return Err(Busy);
        }
        let _release = Release(&self.used);
        // SAFETY: the swap found `used` false, so no other reference to the value lives
        // until `_release` is dropped, which is after `value` is gone.
        let value = unsafe { &mut *self.value.get() };
        Ok(work(value))
    }
}

/// Ends the use when it is dropped, also in a panic.
struct Release<'c>(&'c AtomicBool);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<T> fmt::Debug for SingleOwner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleOwner").field("used", &self.used).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    use super::{Exclusive, SingleOwner};

    #[test]
    fn threads_never_overlap_and_every_entry_is_counted() {
        let cell = SingleOwner::new((0_u32, 0_u32));
        let entered: u32 = std::thread::scope(|scope| {
            let threads: [_; 4] = core::array::from_fn(|_| {
                scope.spawn(|| {
                    let enter = |(first, second): &mut (u32, u32)| {
                        *first += 1;
                        assert_eq!(*first, *second + 1);
                        *second += 1;
                    };
                    (0..2000).filter(|_| cell.with(enter).is_ok()).count() as u32
                })
            });
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(cell.into_inner(), (entered, entered));
    }

    #[test]
    fn a_panic_gives_the_value_free() {
        let cell = SingleOwner::new(1);
        let panics = AssertUnwindSafe(|| cell.with(|_| panic!("planted")));
        assert!(catch_unwind(panics).is_err());
        assert_eq!(cell.with(|value| *value), Ok(1));
    }
}
