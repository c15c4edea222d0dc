//! Wakers that call back: cloned, woken or dropped, they use the object they were given to.
//!
//! An object that calls a waker while it holds a lock, is in a critical section or borrows its
//! own insides locks itself, because the waker comes back on the same thread and on another.
#![allow(unsafe_code)]

use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{RawWaker, RawWakerVTable, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

/// How often a hostile waker was called.
#[derive(Debug, Default)]
pub struct CallCounts {
    cloned: AtomicU32,
    woken: AtomicU32,
    dropped: AtomicU32,
}

impl CallCounts {
    /// Returns how often it was cloned, woken and dropped.
    #[must_use]
    pub fn get(&self) -> (u32, u32, u32) {
        let count = |word: &AtomicU32| word.load(Ordering::Relaxed);
        (count(&self.cloned), count(&self.woken), count(&self.dropped))
    }
}

/// What a hostile waker points to.
struct Hostile<F> {
    counts: Arc<CallCounts>,
    strike: F,
}

/// Returns a waker that calls `strike` whenever it is cloned, woken or dropped: on the thread
/// it is called on, and on another one that it waits for.
pub fn hostile_waker<F: Fn() + Send + Sync + 'static>(strike: F) -> (Arc<CallCounts>, Waker) {
    let counts = Arc::<CallCounts>::default();
    let hostile = Arc::new(Hostile { counts: Arc::clone(&counts), strike });
    // SAFETY: the functions of the table take pointers that `raw` made, and keep its contract.
    (counts, unsafe { Waker::from_raw(raw(hostile)) })
}

/// Runs a test on a thread of its own, and panics when it is not over in half a minute.
pub fn finishes(name: &str, test: impl FnOnce() + Send + 'static) {
    let (over, is_over) = channel();
    let thread = thread::spawn(move || {
        test();
        let _ = over.send(());
    });
    match is_over.recv_timeout(Duration::from_secs(30)) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!("{name}: it waits for a lock that it holds"),
        Err(RecvTimeoutError::Disconnected) => {
            thread.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked));
        }
    }
}

impl<F: Fn() + Send + Sync + 'static> Hostile<F> {
    const TABLE: RawWakerVTable =
        RawWakerVTable::new(clone::<F>, wake::<F>, wake_by_ref::<F>, drop_waker::<F>);

    /// Calls back, unless this thread does so already.
    fn strike(&self, count: impl Fn(&CallCounts) -> &AtomicU32) {
        thread_local!(static STRIKES: Cell<bool> = const { Cell::new(false) });
        if STRIKES.replace(true) {
            return;
        }
        count(&self.counts).fetch_add(1, Ordering::Relaxed);
        (self.strike)();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                STRIKES.set(true);
                (self.strike)();
            });
            other.join().expect("the object takes it");
        });
        STRIKES.set(false);
    }
}

fn raw<F: Fn() + Send + Sync + 'static>(hostile: Arc<Hostile<F>>) -> RawWaker {
    RawWaker::new(Arc::into_raw(hostile).cast(), &Hostile::<F>::TABLE)
}

/// Returns the value a waker's pointer represents; the waker's share in it is the caller's.
///
/// # Safety
///
/// * The pointer came from [`raw`] for the same `F`, and its share was not given back.
unsafe fn value<F>(pointer: *const ()) -> ManuallyDrop<Arc<Hostile<F>>> {
    // SAFETY: by the contract, `Arc::into_raw` made it and a share is left.
    ManuallyDrop::new(unsafe { Arc::from_raw(pointer.cast::<Hostile<F>>()) })
}

unsafe fn clone<F: Fn() + Send + Sync + 'static>(pointer: *const ()) -> RawWaker {
    // SAFETY: a waker calls its table with its own pointer.
    let hostile = unsafe { value::<F>(pointer) };
    hostile.strike(|counts| &counts.cloned);
    raw(Arc::clone(&hostile))
}

unsafe fn wake<F: Fn() + Send + Sync + 'static>(pointer: *const ()) {
    // SAFETY: as in `clone`; the share goes with this call.
    let hostile = unsafe { value::<F>(pointer) };
    hostile.strike(|counts| &counts.woken);
    drop(ManuallyDrop::into_inner(hostile));
}

unsafe fn wake_by_ref<F: Fn() + Send + Sync + 'static>(pointer: *const ()) {
    // SAFETY: as in `clone`.
    let hostile = unsafe { value::<F>(pointer) };
    hostile.strike(|counts| &counts.woken);
}

unsafe fn drop_waker<F: Fn() + Send + Sync + 'static>(pointer: *const ()) {
    // SAFETY: as in `wake`.
    let hostile = unsafe { value::<F>(pointer) };
    hostile.strike(|counts| &counts.dropped);
    drop(ManuallyDrop::into_inner(hostile));
}
