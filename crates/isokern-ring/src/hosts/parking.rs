//! How an actor's thread waits: for messages, and for handlers that wait for something.

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use core::time::Duration;
use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};

use isokern_core::actor::MailboxShape;

use super::thread_memory::ThreadMemory;
use crate::WaitStrategy;
use crate::runner::Pace;

/// Looks in vain before the first sleep.
const LOOKS_BEFORE_SLEEP: u32 = 256;
/// How long a waiting handler keeps stop and deadline from being seen, at most.
const HANDLER_BOUND: Duration = Duration::from_millis(1);

/// Waits on the calling thread, for which it was made.
pub(super) struct Parking {
    wait: WaitStrategy,
    alarm: Arc<Alarm>,
    waker: Waker,
    look_count: u32,
}

/// Wakes the thread, and remembers that it did.
struct Alarm {
    thread: Thread,
    has_rung: AtomicBool,
}

impl Wake for Alarm {
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

impl Parking {
    pub(super) fn new(wait: WaitStrategy) -> Self {
        let alarm = Alarm { thread: thread::current(), has_rung: AtomicBool::new(false) };
        let alarm = Arc::new(alarm);
        Self { wait, waker: Waker::from(Arc::clone(&alarm)), alarm, look_count: 0 }
    }

    /// Notes that the last look was not in vain.
    pub(super) const fn worked(&mut self) {
        self.look_count = 0;
    }

    /// Waits until the next look at the mailboxes.
    pub(super) fn idle<S: MailboxShape>(&mut self, memory: &ThreadMemory<S>) {
        match self.wait {
            WaitStrategy::Spin => core::hint::spin_loop(),
            WaitStrategy::Yield => thread::yield_now(),
            WaitStrategy::Park { bound } => {
                self.look_count += 1;
                if self.look_count < LOOKS_BEFORE_SLEEP {
                    core::hint::spin_loop();
                } else if self.look_count == LOOKS_BEFORE_SLEEP {
                    // One more look comes before the sleep: who pushes after it, rings.
                    self.alarm.has_rung.store(false, Ordering::Relaxed);
                    memory.register_actor(&self.waker);
                } else {
                    if !self.alarm.has_rung.load(Ordering::Acquire) {
                        thread::park_timeout(bound);
                    }
                    self.look_count = LOOKS_BEFORE_SLEEP - 1;
                }
            }
        }
    }
}

impl Pace for Parking {
    fn waker(&self) -> &Waker {
        &self.waker
    }

    fn pause(&mut self) {
        if !self.alarm.has_rung.swap(false, Ordering::AcqRel) {
            thread::park_timeout(HANDLER_BOUND);
        }
    }
}
