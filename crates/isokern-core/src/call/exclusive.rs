//! Exclusive access through a shared reference, without a spin.
//!
//! Kernels are called through `&self`, models run through `&mut self`. [`Exclusive`] is
//! what guards them; which kind fits depends on the machine:
//!
//! | kind | a second caller | where |
//! |---|---|---|
//! | `std::sync::Mutex` | waits, the thread sleeps | feature `std` |
//! | `critical_section::Mutex<RefCell<T>>` | cannot come: interrupts are off | its own feature |
//! | [`SingleOwner`] | is refused with [`Busy`] | targets with atomic swap |
//!
//! An inference inside a critical section keeps interrupts off for as long as it takes.
//!
//! [`SingleOwner`]: crate::call::SingleOwner

use crate::kernel::Busy;

/// A shared place for a value that one caller uses at a time.
///
/// ```
/// use isokern_core::call::{Exclusive, SingleOwner};
/// use isokern_core::kernel::Busy;
///
/// let count = SingleOwner::new(0);
/// count.with(|count| *count += 1)?;
/// let nested = count.with(|_| count.with(|count| *count))?;
/// assert_eq!(nested, Err(Busy)); // refused, not locked up
/// # Ok::<(), Busy>(())
/// ```
pub trait Exclusive<T>: Send + Sync {
    /// Runs `work` on the value while nobody else does.
    ///
    /// # Errors
    ///
    /// [`Busy`], where this kind refuses instead of waiting; `work` was not run.
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Busy>;
}

impl<T, X: Exclusive<T>> Exclusive<T> for &X {
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Busy> {
        X::with(self, work)
    }
}

/// Waits for its turn. After a panic of another caller the value is used as that left it.
#[cfg(feature = "std")]
impl<T: Send> Exclusive<T> for std::sync::Mutex<T> {
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Busy> {
        let mut value = self.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(work(&mut value))
    }
}

/// Runs with interrupts off; [`Busy`] when `work` comes back to the same value.
#[cfg(feature = "critical-section")]
impl<T: Send> Exclusive<T> for critical_section::Mutex<core::cell::RefCell<T>> {
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Busy> {
        critical_section::with(|section| {
            let mut value = self.borrow(section).try_borrow_mut().map_err(|_| Busy)?;
            Ok(work(&mut value))
        })
    }
}
