//! Locks that outlive a panic, and panics that are kept in.

use core::mem;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; what a panicking thread left is used as it is.
///
/// This crate runs no foreign code in the middle of a change, so what is left is whole.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs foreign code; `None` when it panicked.
///
/// What the code left half done is for its owner to answer for: kernels are informed.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    let panicked = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => return Some(value),
        Err(panicked) => panicked,
    };
    // A panic's value is foreign too, and may panic when it is dropped.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panicked))) {
        mem::forget(again);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::contain;

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("planted, in the drop of a panic's value");
        }
    }

    #[test]
    fn panics_are_kept_in() {
        assert_eq!(contain(|| 7), Some(7));
        assert_eq!(contain(|| -> u8 { panic!("planted") }), None);
        assert_eq!(contain(|| -> u8 { std::panic::panic_any(PanicsWhenDropped) }), None);
    }
}
