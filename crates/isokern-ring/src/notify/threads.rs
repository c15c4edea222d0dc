//! A waker in a lock that is taken only when there is a waker.

use core::sync::atomic::Ordering;
#[cfg(not(all(test, loom)))]
use core::sync::atomic::{AtomicBool, fence};
use core::task::Waker;
#[cfg(not(all(test, loom)))]
use std::sync::Mutex;
use std::sync::PoisonError;

use isokern_core::actor::Fresh;

use super::Notify;
#[cfg(all(test, loom))]
use super::model_words::{AtomicBool, Mutex, fence};

/// A waker cell for threads. A `notify` that finds nobody costs one fence and one load.
///
/// ```
/// use core::{future::poll_fn, task::Poll};
/// use isokern_ring::{Notify, PopError, Ring, WakerCell};
///
/// let mut ring = Ring::<u8, 2>::new();
/// let bell = WakerCell::new();
/// let (mut producer, mut consumer) = ring.split();
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         producer.try_push(42).expect("two slots are free");
///         bell.notify();
///     });
///     let reply = poll_fn(|task| {
///         bell.register(task.waker());
///         match consumer.try_pop() {
///             Err(PopError::Empty) => Poll::Pending,
///             outcome => Poll::Ready(outcome),
///         }
///     });
///     assert_eq!(pollster::block_on(reply), Ok(42));
/// });
/// ```
#[derive(Debug, Default)]
pub struct WakerCell {
    is_registered: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl WakerCell {
    /// Returns a cell without a waker.
    #[must_use]
    pub const fn new() -> Self {
        Self { is_registered: AtomicBool::new(false), waker: Mutex::new(None) }
    }

    /// Returns whether the waker of this task is the one that is kept.
    fn keeps(&self, waker: &Waker) -> bool {
        let kept = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().is_some_and(|kept| kept.will_wake(waker))
    }

    /// Puts another waker in and returns the one that was there, to be dropped or woken by the
    /// caller, who holds no lock.
    fn exchange(&self, waker: Option<Waker>) -> Option<Waker> {
        let mut kept = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_registered.store(waker.is_some(), Ordering::Relaxed);
        core::mem::replace(&mut *kept, waker)
    }
}

impl Fresh for WakerCell {
    const FRESH: Self = Self::new();
}

impl Notify for WakerCell {
    const WAKES: bool = true;

    fn register(&self, waker: &Waker) {
        if !self.keeps(waker) {
            // Wakers are foreign code: cloned and dropped with nothing locked.
            let waker = waker.clone();
            let old = self.exchange(Some(waker));
            drop(old);
        }
        // Either the look after this sees what was published, or the notifier sees the flag.
        fence(Ordering::SeqCst);
    }

    fn notify(&self) {
        fence(Ordering::SeqCst);
        if !self.is_registered.load(Ordering::Relaxed) {
            return;
        }
        if let Some(waker) = self.exchange(None) {
            waker.wake();
        }
    }
}
