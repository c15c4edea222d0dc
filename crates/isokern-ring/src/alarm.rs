//! A thread's own waker, and the sleep that it ends.

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use core::time::Duration;
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};

/// Wakes the thread it was made on, and remembers that it did.
pub(crate) struct Alarm {
    bell: Arc<Bell>,
    waker: Waker,
}

struct Bell {
    thread: Thread,
    has_rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        if self.thread.id() != thread::current().id() {
            self.thread.unpark();
        }
    }
}

impl Alarm {
    /// Returns an alarm for the calling thread, which has not rung.
    pub(crate) fn new() -> Self {
        let bell = Bell { thread: thread::current(), has_rung: AtomicBool::new(false) };
        let bell = Arc::new(bell);
        Self { waker: Waker::from(Arc::clone(&bell)), bell }
    }

    /// Returns the waker that rings it.
    pub(crate) const fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Returns whether it has rung since the last time it was asked. Acquire: whoever reads `true`
    /// sees what was done before the ring.
    pub(crate) fn take(&self) -> bool {
        self.bell.has_rung.swap(false, Ordering::AcqRel)
    }

    /// Sleeps until it rings, but no longer than `bound`; not at all when it has rung already.
    /// May end for no reason.
    pub(crate) fn sleep(&self, bound: Duration) {
        if !self.take() {
            thread::park_timeout(bound);
        }
    }
}
