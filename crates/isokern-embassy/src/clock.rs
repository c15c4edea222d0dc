//! The clock of embassy, as the clock of actors.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;

use embassy_time::{Instant, TICK_HZ, Timer};
use isokern_core::call::Clock;

const NS_PER_S: u64 = 1_000_000_000;

/// The clock of `embassy-time`: nanoseconds since the start of its driver, in steps of one tick.
///
/// Who waits for a moment of it is woken by the driver's alarm, so the processor sleeps until
/// then. A moment between two ticks is over at the later one, never before.
///
/// ```
/// use embassy_time::Instant;
/// use isokern_core::call::Clock;
/// use isokern_embassy::EmbassyClock;
///
/// let before = Instant::now().as_micros();
/// let now_us = EmbassyClock.now_ns() / 1000;
/// assert!((before..=Instant::now().as_micros()).contains(&now_us));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmbassyClock;

impl EmbassyClock {
    /// Returns the moment of this clock, in nanoseconds, that an instant of embassy is:
    /// [`u64::MAX`], which is no limit for a deadline, where that does not fit (after 584 years).
    ///
    /// ```
    /// use embassy_time::Instant;
    /// use isokern_embassy::EmbassyClock;
    ///
    /// assert_eq!(EmbassyClock::moment_ns(Instant::from_millis(3)), 3_000_000);
    /// assert_eq!(EmbassyClock::moment_ns(Instant::MAX), u64::MAX);
    /// ```
    #[must_use]
    pub const fn moment_ns(instant: Instant) -> u64 {
        ns_of_ticks(instant.as_ticks(), TICK_HZ)
    }
}

impl Clock for EmbassyClock {
    fn now_ns(&self) -> u64 {
        Self::moment_ns(Instant::now())
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        let instant = Instant::from_ticks(ticks_of_ns(moment_ns, TICK_HZ));
        let mut timer = Timer::at(instant);
        // Not an `async` block, which links a panic. A timer of embassy is pending at its first
        // poll, whatever the time is.
        poll_fn(move |task| {
            if Instant::now() < instant { Pin::new(&mut timer).poll(task) } else { Poll::Ready(()) }
        })
    }
}

/// Returns the nanoseconds of so many ticks, rounded down; `u64::MAX` where they do not fit.
const fn ns_of_ticks(ticks: u64, hz: u64) -> u64 {
    if NS_PER_S.is_multiple_of(hz) {
        return ticks.saturating_mul(NS_PER_S / hz);
    }
    // Whole seconds and the rest of one: neither product is near the end of a word.
    let (seconds, rest) = (ticks / hz, ticks % hz);
    let rest_ns = (rest as u128 * NS_PER_S as u128 / hz as u128) as u64;
    seconds.saturating_mul(NS_PER_S).saturating_add(rest_ns)
}

/// Returns the first tick that is not before a moment.
const fn ticks_of_ns(moment_ns: u64, hz: u64) -> u64 {
    if NS_PER_S.is_multiple_of(hz) {
        return moment_ns.div_ceil(NS_PER_S / hz);
    }
    let (seconds, rest_ns) = (moment_ns / NS_PER_S, moment_ns % NS_PER_S);
    let rest = (rest_ns as u128 * hz as u128).div_ceil(NS_PER_S as u128) as u64;
    seconds.saturating_mul(hz).saturating_add(rest)
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
