//! Time as the kernels see it: nanoseconds of one clock, and a way to wait for them.
//!
//! # For callers
//!
//! A moment is a `u64`, nanoseconds since a start that the clock chose; only moments of
//! the same clock compare. `u64::MAX` never comes: it means *no limit*.
//!
//! # For clock authors
//!
//! Firmware counts a timer's ticks, desktops ask the operating system, tests move the
//! time by hand. [`now_ns`](Clock::now_ns) **must not** go backwards.
//! [`sleep_until`](Clock::sleep_until) **must** wake its task at the moment or soon
//! after. A clock that cannot wake anybody returns a [`PollingSleep`]: it asks to be
//! polled again at once, which suits a main loop without sleep.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use crate::kernel::whole_ns;

/// A clock that never goes backwards.
///
/// ```
/// use core::future::Future;
/// use core::sync::atomic::{AtomicU32, Ordering};
/// use isokern_core::call::{Clock, PollingSleep};
///
/// /// Milliseconds that a timer interrupt counts; good for 49 days.
/// struct TickClock(AtomicU32);
///
/// impl Clock for TickClock {
///     fn now_ns(&self) -> u64 {
///         u64::from(self.0.load(Ordering::Relaxed)) * 1_000_000
///     }
///
///     fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
///         PollingSleep::new(self, moment_ns)
///     }
/// }
/// ```
pub trait Clock: Send + Sync {
    /// Returns the nanoseconds since the clock's start.
    fn now_ns(&self) -> u64;

    /// Returns a future that is ready once `now_ns() >= moment_ns`.
    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send;
}

/// Returns the moment `limit` from now, `u64::MAX` where that does not fit.
pub fn moment_after<C: Clock>(clock: &C, limit: Duration) -> u64 {
    clock.now_ns().saturating_add(whole_ns(limit))
}

/// A sleep that looks at the clock at every poll and wakes its task for the next one.
///
/// It keeps the executor busy while it waits.
#[must_use = "a sleep passes no time unless it is awaited"]
pub struct PollingSleep<'c, C> {
    clock: &'c C,
    moment_ns: u64,
}

impl<'c, C: Clock> PollingSleep<'c, C> {
    /// Returns a sleep that ends at a moment of this clock.
    pub const fn new(clock: &'c C, moment_ns: u64) -> Self {
        Self { clock, moment_ns }
    }
}

impl<C: Clock> Future for PollingSleep<'_, C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now_ns() >= self.moment_ns {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<C> fmt::Debug for PollingSleep<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollingSleep").field("moment_ns", &self.moment_ns).finish_non_exhaustive()
    }
}
