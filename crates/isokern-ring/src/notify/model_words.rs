//! What a waker cell is made of, seen by the model checker. Its own types cannot be made in a
//! constant; these make them at the first use, which must be before there are two threads.

use core::sync::atomic::Ordering;
use std::sync::{LockResult, OnceLock};

use loom::sync::MutexGuard;

pub(crate) use loom::sync::atomic::fence;

/// A flag that starts unset.
#[derive(Debug, Default)]
pub(crate) struct AtomicBool(OnceLock<loom::sync::atomic::AtomicBool>);

/// A lock around `T::default()`.
#[derive(Debug)]
pub(crate) struct Mutex<T>(OnceLock<loom::sync::Mutex<T>>);

impl AtomicBool {
    pub(crate) const fn new(_unset: bool) -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn load(&self, order: Ordering) -> bool {
        self.0.get_or_init(Default::default).load(order)
    }

    pub(crate) fn store(&self, value: bool, order: Ordering) {
        self.0.get_or_init(Default::default).store(value, order);
    }
}

impl<T: Default> Mutex<T> {
    pub(crate) const fn new(first: T) -> Self {
        core::mem::forget(first);
        Self(OnceLock::new())
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.0.get_or_init(|| loom::sync::Mutex::new(T::default())).lock()
    }
}

impl<T> Default for Mutex<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}
