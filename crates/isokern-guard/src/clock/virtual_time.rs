//! A clock that tests move by hand.

use core::fmt;
use core::future::Future;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use isokern_core::call::Clock;
use isokern_core::kernel::whole_ns;

use super::sleep::{Sleep, Wakes};
use super::sleepers::Sleepers;
use crate::lock::locked;

/// A clock that moves only when somebody moves it; clones are the same clock.
///
/// With it a test of a time limit takes no time and cannot fail by chance.
///
/// ```
/// use core::time::Duration;
/// use isokern_core::call::Clock;
/// use isokern_guard::VirtualClock;
///
/// let clock = VirtualClock::new();
/// let sleeper = std::thread::spawn({
///     let clock = clock.clone();
///     move || pollster::block_on(clock.sleep_until(3_600_000_000_000))
/// });
/// clock.wait_for_sleepers(1);
/// clock.advance(Duration::from_secs(3_600));
/// sleeper.join().unwrap();
/// assert_eq!(clock.sleeper_count(), 0);
/// ```
#[derive(Clone, Default)]
pub struct VirtualClock(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Changes with the table locked.
    now_ns: AtomicU64,
    sleepers: Mutex<Sleepers>,
    joined: Condvar,
}

impl VirtualClock {
    /// Returns a clock at 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time on and wakes the sleepers whose moment has come: the soonest first,
    /// of one moment the one who waited first.
    pub fn advance(&self, by: Duration) {
        self.move_to(|now_ns| now_ns.saturating_add(whole_ns(by)));
    }

    /// Moves the time on to a moment; does nothing when that is past.
    pub fn advance_to(&self, moment_ns: u64) {
        self.move_to(|now_ns| now_ns.max(moment_ns));
    }

    /// Returns how many sleeps wait for their moment.
    #[must_use]
    pub fn sleeper_count(&self) -> usize {
        locked(&self.0.sleepers).len()
    }

    /// Blocks the thread until at least so many sleeps wait.
    pub fn wait_for_sleepers(&self, count: usize) {
        let mut sleepers = locked(&self.0.sleepers);
        while sleepers.len() < count {
            sleepers = self.0.joined.wait(sleepers).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn move_to(&self, moment_after: impl FnOnce(u64) -> u64) {
        let mut sleepers = locked(&self.0.sleepers);
        let now_ns = moment_after(self.0.now_ns.load(Ordering::Relaxed));
        // Release: who sees the time sees what was done before it was moved.
        self.0.now_ns.store(now_ns, Ordering::Release);
        while let Some(waker) = sleepers.take_due(now_ns) {
            drop(sleepers);
            waker.wake();
            sleepers = locked(&self.0.sleepers);
        }
    }
}

impl Clock for VirtualClock {
    fn now_ns(&self) -> u64 {
        Wakes::now_ns(&*self.0)
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        Sleep::new(&*self.0, moment_ns)
    }
}

impl Wakes for Shared {
    fn now_ns(&self) -> u64 {
        self.now_ns.load(Ordering::Acquire)
    }

    fn sleepers(&self) -> &Mutex<Sleepers> {
        &self.sleepers
    }

    fn can_wake(&self) -> bool {
        true
    }

    /// Never: threads wait for sleepers, however late their moment is.
    fn looks_by(&self, _: u64) -> bool {
        false
    }

    fn joined(&self) {
        self.joined.notify_all();
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("VirtualClock");
        fields.field("now_ns", &self.now_ns()).field("sleeper_count", &self.sleeper_count());
        fields.finish()
    }
}
