//! The system's monotonic clock.

use core::future::Future;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

static TIMER: Timer = Timer::new(|| TIMER.wake_sleepers());

/// The sleepers of the program and the thread that wakes them.
struct Timer {
    sleepers: Mutex<Sleepers>,
    changed: Condvar,
    /// Changes with the table locked, as the next one does.
    is_running: AtomicBool,
    /// The moment at which the thread looks at the table although nobody told it to; 0 while it
    /// does not wait, so that it will look before it waits.
    next_look_ns: AtomicU64,
    /// What the thread does.
    run: fn(),
}

impl Timer {
    const fn new(run: fn()) -> Self {
        Self {
            sleepers: Mutex::new(Sleepers::new()),
            changed: Condvar::new(),
            is_running: AtomicBool::new(false),
            next_look_ns: AtomicU64::new(0),
            run,
        }
    }

    /// Wakes who is due, for as long as the program runs.
    ///
    /// The thread is not told when a sleeper leaves: it waits on until the moment of that one.
    /// So a call with a limit, which as a rule ends before its limit does, wakes the thread only
    /// where the thread waits for something later; most of a row of such calls wake nobody.
    fn wake_sleepers(&self) {
        let mut sleepers = locked(&self.sleepers);
        loop {
            let now_ns = SystemClock.now_ns();
            if let Some(waker) = sleepers.take_due(now_ns) {
                drop(sleepers);
                // An executor that panics here loses its own wake-up; the others get theirs.
                contain(|| waker.wake());
                sleepers = locked(&self.sleepers);
                continue;
            }
            let soonest_ns = sleepers.soonest_ns();
            self.next_look_ns.store(soonest_ns.unwrap_or(u64::MAX), Ordering::Relaxed);
            sleepers = match soonest_ns {
                Some(moment_ns) => {
                    let waited = self.changed.wait_timeout(sleepers, rest(now_ns, moment_ns));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
            };
            self.next_look_ns.store(0, Ordering::Relaxed);
        }
    }
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
        let started = thread::Builder::new().name("isokern-timer".into()).spawn(self.run);
        self.is_running.store(started.is_ok(), Ordering::Relaxed);
        started.is_ok()
    }

    fn looks_by(&self, moment_ns: u64) -> bool {
        self.next_look_ns.load(Ordering::Relaxed) <= moment_ns
    }

    fn joined(&self) {
        self.changed.notify_one();
    }
}

/// Returns the time until a moment that is ahead: in it the timer uses no processor.
const fn rest(now_ns: u64, moment_ns: u64) -> Duration {
    Duration::from_nanos(moment_ns - now_ns)
}

#[cfg(test)]
mod tests {
    use core::future::Future;
    use core::pin::{Pin, pin};
    use core::task::{Context, Waker};
    use core::time::Duration;

    use isokern_core::call::Clock;

    use super::{Sleep, SystemClock, Timer, Wakes, locked};

    #[test]
    fn the_timer_rests_until_the_soonest_moment() {
        assert_eq!(super::rest(1_000_000, 3_000_000), Duration::from_millis(2));
        assert_eq!(super::rest(0, 1), Duration::from_nanos(1));
    }

    fn is_pending(sleep: Pin<&mut Sleep<'_, Timer>>) -> bool {
        sleep.poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Returns whether a sleep until this moment would wake the thread.
    fn would_tell(timer: &Timer, moment_ns: u64) -> bool {
        let _sleepers = locked(&timer.sleepers);
        !timer.looks_by(moment_ns)
    }

    /// Waits until the thread of a timer waits itself, for this moment.
    fn wait_until_it_waits_for(timer: &Timer, moment_ns: u64) {
        loop {
            let _sleepers = locked(&timer.sleepers);
            if !timer.looks_by(moment_ns - 1) && timer.looks_by(moment_ns) {
                return;
            }
        }
    }

    #[test]
    fn a_row_of_calls_with_a_limit_wakes_the_timer_once() {
        // A timer of its own: other tests sleep on that of the program.
        static TIMER: Timer = Timer::new(|| TIMER.wake_sleepers());
        let first_ns = SystemClock.now_ns() + 3_600_000_000_000;
        {
            let mut call = pin!(Sleep::new(&TIMER, first_ns));
            assert!(is_pending(call.as_mut()));
            wait_until_it_waits_for(&TIMER, first_ns);
            assert!(!would_tell(&TIMER, first_ns) && would_tell(&TIMER, first_ns - 1));
        }
        // It has ended; the thread waits for its moment nevertheless, and so in time for others.
        assert_eq!(locked(&TIMER.sleepers).len(), 0);
        for later_ns in 1..100 {
            let mut call = pin!(Sleep::new(&TIMER, first_ns + later_ns));
            assert!(!would_tell(&TIMER, first_ns + later_ns) && is_pending(call.as_mut()));
            assert_eq!(locked(&TIMER.sleepers).soonest_ns(), Some(first_ns + later_ns));
            wait_until_it_waits_for(&TIMER, first_ns);
        }
        // One that is sooner is not forgotten.
        let sooner_ns = first_ns - 1_000_000_000;
        let mut call = pin!(Sleep::new(&TIMER, sooner_ns));
        assert!(would_tell(&TIMER, sooner_ns) && is_pending(call.as_mut()));
        wait_until_it_waits_for(&TIMER, sooner_ns);
    }
}
