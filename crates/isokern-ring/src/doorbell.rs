//! Doorbells: what wakes a sleeping end of a ring: with `std` a thread is unparked, without there
//! is nothing to wake, because no end sleeps.

#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};
#[cfg(feature = "std")]
use std::thread::{self, Thread};

/// A bell for each end; part of a ring, but not of the layout that two sides share.
#[derive(Debug, Default)]
pub struct Doorbells {
    pub(crate) producer: Doorbell,
    pub(crate) consumer: Doorbell,
}

/// The bell of one end.
#[derive(Debug, Default)]
pub(crate) struct Doorbell {
    /// The thread that sleeps or slept here.
    #[cfg(feature = "std")]
    sleeper: Mutex<Option<Thread>>,
}

impl Doorbells {
    pub(crate) const fn new() -> Self {
        Self { producer: Doorbell::new(), consumer: Doorbell::new() }
    }
}

impl Doorbell {
    const fn new() -> Self {
        Self {
            #[cfg(feature = "std")]
            sleeper: Mutex::new(None),
        }
    }

    /// Wakes the thread that sleeps at this bell; called by the other end.
    #[cold]
    pub(crate) fn ring(&self) {
        #[cfg(feature = "std")]
        if let Some(thread) = &*self.sleeper.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }

    /// Says that the calling thread is the one to wake.
    #[cfg(feature = "std")]
    pub(crate) fn enter(&self) {
        let mut sleeper = self.sleeper.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = sleeper.as_ref().is_some_and(|known| known.id() == thread::current().id());
        if !is_known {
            *sleeper = Some(thread::current());
        }
    }

    /// Sleeps until the bell rings, `bound` is over, or for no reason.
    #[cfg(feature = "std")]
    pub(crate) fn sleep(bound: Duration) {
        thread::park_timeout(bound);
    }
}
