//! The system's monotonic clock.

use core::future::Future;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use isokern_core::call::Clock;
use isokern_core::kernel::whole_ns;

use super::sleep::{Sleep, Wakes};
use super::sleepers::Sleepers;
use crate::lock::{contain, locked};

/// The system's monotonic clock; it starts when the program first looks at it.
///
/// All values are the same clock: a moment of one is a moment of all. One thread for the
/// whole program, `isokern-timer`, wakes the sleepers. It starts with the first sleep and
/// lasts as long as the program; where the system refuses the thread, sleeps keep their
/// executors busy instead ([`PollingSleep`](isokern_core::call::PollingSleep)), and the next one
/// tries again. Sleeps end late by what the system's timer and scheduler add, some tens of
/// microseconds on Linux.
///
/// ```
/// use core::time::Duration;
/// use isokern_core::call::Clock;
/// use isokern_guard::SystemClock;
///
/// let start_ns = SystemClock.now_ns();
/// let moment_ns = start_ns + 2_000_000;
/// pollster::block_on(SystemClock.sleep_until(moment_ns));
/// assert!(SystemClock.now_ns() >= moment_ns);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ns(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        whole_ns(START.get_or_init(Instant::now).elapsed())
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        Sleep::new(&TIMER, moment_ns)
    }
}

static TIMER: Timer = Timer {
    sleepers: Mutex::new(Sleepers::new()),
    changed: Condvar::new(),
    is_running: AtomicBool::new(false),
};

/// The sleepers of the program and the thread that wakes them.
struct Timer {
    sleepers: Mutex<Sleepers>,
    changed: Condvar,
    /// Changes with the table locked.
    is_running: AtomicBool,
}

impl Wakes for Timer {
    fn now_ns(&self) -> u64 {
        SystemClock.now_ns()
    }

    fn sleepers(&self) -> &Mutex<Sleepers> {
        &self.sleepers
    }

    fn can_wake(&self) -> bool {
        if self.is_running.load(Ordering::Relaxed) {
            return true;
        }
        let started = thread::Builder::new().name("isokern-timer".into()).spawn(wake_sleepers);
        self.is_running.store(started.is_ok(), Ordering::Relaxed);
        started.is_ok()
    }

    fn joined(&self, is_soonest: bool) {
        if is_soonest {
            self.changed.notify_one();
        }
    }
}

/// Wakes who is due: what the timer thread does, for as long as the program runs.
fn wake_sleepers() {
    let mut sleepers = locked(&TIMER.sleepers);
    loop {
        let now_ns = SystemClock.now_ns();
        if let Some(waker) = sleepers.take_due(now_ns) {
            drop(sleepers);
            // An executor that panics here loses its own wake-up; the others get theirs.
            contain(|| waker.wake());
            sleepers = locked(&TIMER.sleepers);
            continue;
        }
        sleepers = match sleepers.soonest_ns() {
            Some(moment_ns) => {
                let waited = TIMER.changed.wait_timeout(sleepers, rest(now_ns, moment_ns));
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => TIMER.changed.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
        };
    }
}

/// Returns the time until a moment that is ahead: in it the timer uses no processor.
const fn rest(now_ns: u64, moment_ns: u64) -> Duration {
    Duration::from_nanos(moment_ns - now_ns)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    #[test]
    fn the_timer_rests_until_the_soonest_moment() {
        assert_eq!(super::rest(1_000_000, 3_000_000), Duration::from_millis(2));
        assert_eq!(super::rest(0, 1), Duration::from_nanos(1));
    }
}
