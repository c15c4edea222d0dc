//! A task in a main loop: the waker of a `static`, and the loop that sleeps until it is woken.
//!
//! This file is a door for `unsafe` (`docs/safety.md`): a waker that needs no heap is made from
//! a table of functions. Its invariant: the pointer of every such waker is that of a
//! [`LoopWaker`] in a `static`, so it is valid for the whole program and from every thread.
#![allow(unsafe_code)]

use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

/// Runs one future in a main loop, and sleeps while nothing wakes it. Needs no heap.
///
/// Each loop has one of its own, in a `static`. Two loops that shared one would lose wake-ups;
/// a loop inside of a poll of another may use the other's.
///
/// On a Cortex-M the sleep is `wfi` in a critical section: an interrupt that comes after the look
/// at [`is_woken`](Self::is_woken) is pending then, and ends the sleep at once.
///
/// ```
/// # mod cortex_m { pub mod asm { pub fn wfi() {} } }
/// # let actor = core::future::ready(());
/// use isokern_ring::LoopWaker;
///
/// static LOOP: LoopWaker = LoopWaker::new();
///
/// // `actor` is what `Runner::run` returns, or any other future.
/// let state = LOOP.run(actor, |waker| {
///     critical_section::with(|_| {
///         if !waker.is_woken() {
///             cortex_m::asm::wfi();
///         }
///     });
/// });
/// ```
///
/// With threads:
///
/// ```
/// # #[cfg(feature = "std")] {
/// use core::future::poll_fn;
/// use core::task::Poll;
/// use isokern_ring::LoopWaker;
///
/// static LOOP: LoopWaker = LoopWaker::new();
/// let main = std::thread::current();
/// let mut poll_count = 0;
/// let work = poll_fn(|task| {
///     poll_count += 1;
///     if poll_count == 3 {
///         return Poll::Ready(poll_count);
///     }
///     let (waker, main) = (task.waker().clone(), main.clone());
///     std::thread::spawn(move || {
///         waker.wake();
///         main.unpark();
///     });
///     Poll::Pending
/// });
/// assert_eq!(LOOP.run(work, |_| std::thread::park()), 3);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct LoopWaker {
    is_woken: AtomicBool,
}

impl LoopWaker {
    /// Returns a waker that nobody has woken.
    #[must_use]
    pub const fn new() -> Self {
        Self { is_woken: AtomicBool::new(false) }
    }

    /// Polls a future to its end, at first and whenever it was woken. Between two polls `sleep`
    /// is called as long as that has not happened; it may return at any time.
    pub fn run<F: Future>(&'static self, future: F, mut sleep: impl FnMut(&Self)) -> F::Output {
        let waker = self.waker();
        let mut task = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            // Plain loads and stores, which every target has: who wakes between this and the
            // poll has published before, and the poll sees it.
            self.is_woken.store(false, Ordering::SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
                // For a loop around this one, whose wake-up may have come here.
                self.wake();
                return output;
            }
            while !self.is_woken() {
                sleep(self);
            }
        }
    }

    /// Returns whether the future is to be polled: if not, the loop may sleep.
    #[must_use]
    pub fn is_woken(&self) -> bool {
        self.is_woken.load(Ordering::SeqCst)
    }

    /// Returns the waker, for a loop of your own. What it wakes is seen by
    /// [`is_woken`](Self::is_woken).
    #[must_use]
    pub fn waker(&'static self) -> Waker {
        // SAFETY: the functions of the table take what `raw` makes: a pointer to a static.
        unsafe { Waker::from_raw(raw(self)) }
    }

    fn wake(&self) {
        self.is_woken.store(true, Ordering::SeqCst);
    }
}

const TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, forget);

const fn raw(flag: &'static LoopWaker) -> RawWaker {
    RawWaker::new(core::ptr::from_ref(flag).cast(), &TABLE)
}

/// Returns what a waker points to.
///
/// # Safety
///
/// The pointer must be one that [`raw`] has put into a waker.
const unsafe fn pointee(pointer: *const ()) -> &'static LoopWaker {
    // SAFETY: it was made from a reference that is valid for the whole program, and is never
    // written through.
    unsafe { &*pointer.cast() }
}

/// # Safety
///
/// As for [`pointee`].
unsafe fn clone(pointer: *const ()) -> RawWaker {
    // SAFETY: the caller's promise.
    raw(unsafe { pointee(pointer) })
}

/// # Safety
///
/// As for [`pointee`].
unsafe fn wake(pointer: *const ()) {
    // SAFETY: the caller's promise.
    unsafe { pointee(pointer) }.wake();
}

/// Does nothing: nothing is owned by a waker that points to a static.
///
/// # Safety
///
/// None.
const unsafe fn forget(_: *const ()) {}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use core::future::poll_fn;
    use core::task::Poll;
    use std::thread;

    use super::LoopWaker;

    #[test]
    fn it_polls_as_often_as_it_was_woken() {
        static LOOP: LoopWaker = LoopWaker::new();
        let (mut poll_count, mut sleep_count) = (0, 0);
        let work = poll_fn(|task| {
            poll_count += 1;
            match poll_count {
                // Woken in the poll: no sleep.
                1 => task.waker().wake_by_ref(),
                2 => {}
                _ => return Poll::Ready(()),
            }
            Poll::Pending
        });
        LOOP.run(work, |waker| {
            sleep_count += 1;
            // An interrupt that woke nobody comes first.
            if sleep_count == 2 {
                waker.wake();
            }
        });
        assert_eq!((poll_count, sleep_count), (3, 2));
    }

    #[test]
    fn a_loop_inside_takes_no_wake_up_of_the_one_around_it() {
        static LOOP: LoopWaker = LoopWaker::new();
        let mut poll_count = 0;
        let work = poll_fn(|task| {
            poll_count += 1;
            if poll_count == 2 {
                return Poll::Ready(());
            }
            task.waker().wake_by_ref();
            LOOP.run(async {}, |_| {});
            Poll::Pending
        });
        LOOP.run(work, |_| panic!("it was woken"));
    }

    #[test]
    fn wakers_outlive_the_loop_and_cross_threads() {
        static LOOP: LoopWaker = LoopWaker::new();
        let waker = LOOP.waker();
        assert!(waker.will_wake(&waker.clone()) && !LOOP.is_woken());
        thread::spawn(move || waker.wake()).join().expect("no panic");
        assert!(LOOP.is_woken());
    }
}
