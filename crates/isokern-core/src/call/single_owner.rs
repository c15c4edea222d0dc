//! A cell whose second entry is refused. A door for `unsafe` (`docs/safety.md`).
#![allow(unsafe_code)]

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};

use super::exclusive::Exclusive;
use crate::kernel::Busy;

/// A value with at most one user at a time; the next one gets [`Busy`].
///
/// Neither waits nor spins, so an interrupt may ask for a value the main loop is using.
/// A use may last across safe points: see [`try_own`](Self::try_own).
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

    /// Returns the value for as long as the caller keeps it.
    ///
    /// ```
    /// use isokern_core::call::SingleOwner;
    /// use isokern_core::kernel::Busy;
    ///
    /// let count = SingleOwner::new(0);
    /// let mut owned = count.try_own()?;
    /// *owned += 1;
    /// assert_eq!(count.try_own().unwrap_err(), Busy);
    /// drop(owned);
    /// assert_eq!(*count.try_own()?, 1);
    /// # Ok::<(), Busy>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Busy`] when somebody else has it.
    pub fn try_own(&self) -> Result<Owned<'_, T>, Busy> {
        // Acquire: sees what the owner before wrote; pairs with the release in `Owned`.
        if self.used.swap(true, Ordering::Acquire) { Err(Busy) } else { Ok(Owned::of(self)) }
    }

    /// Returns the value, for which the cell must not be in use.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: Send> Exclusive<T> for SingleOwner<T> {
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Busy> {
        self.try_own().map(|mut owned| work(&mut owned))
    }
}

impl<T> fmt::Debug for SingleOwner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleOwner").field("used", &self.used).finish_non_exhaustive()
    }
}

/// The use of a [`SingleOwner`]'s value; ends when it is dropped, also in a panic.
#[derive(Debug)]
#[must_use = "the value is free again as soon as this is dropped"]
pub struct Owned<'c, T> {
    cell: &'c SingleOwner<T>,
    /// Makes it `Sync` only where `&mut T` is: a shared `Owned` gives out `&T`.
    borrow: PhantomData<&'c mut T>,
}

impl<'c, T> Owned<'c, T> {
    /// Returns the place for the caller who has just set `used`.
    const fn of(cell: &'c SingleOwner<T>) -> Self {
        Self { cell, borrow: PhantomData }
    }
}

impl<T> Deref for Owned<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the one `Owned` that set `used` lives until it clears it, and gives the
        // value out under its own borrow, so no exclusive reference lives now.
        unsafe { &*self.cell.value.get() }
    }
}

impl<T> DerefMut for Owned<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `&mut self` excludes every other reference.
        unsafe { &mut *self.cell.value.get() }
    }
}

impl<T> Drop for Owned<'_, T> {
    fn drop(&mut self) {
        self.cell.used.store(false, Ordering::Release);
    }
}

/// ```compile_fail
/// fn shared<T: Sync>(_: &T) {}
/// let cell = isokern_core::call::SingleOwner::new(core::cell::Cell::new(0));
/// shared(&cell.try_own().unwrap()); // two threads would reach one `Cell`
/// ```
#[cfg(doctest)]
struct OwnedIsSyncOnlyWithItsValue;

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
        assert!(entered > 0);
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
