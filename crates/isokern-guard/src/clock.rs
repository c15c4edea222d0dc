//! Clocks for programs with `std`: the system's, and one that tests move by hand.
//!
//! Both keep their sleepers in one sorted table whose places are used again, so that a
//! sleep allocates nothing once the table has grown to the number of sleeps that wait at
//! once. A sleep that is dropped leaves the table.

mod sleep;
mod sleepers;
mod system;
mod virtual_time;

pub use system::SystemClock;
pub use virtual_time::VirtualClock;

use core::time::Duration;

use isokern_core::Clock;

/// Returns the moment `limit` from now, `u64::MAX` where that does not fit.
pub(crate) fn moment_after<C: Clock>(clock: &C, limit: Duration) -> u64 {
    clock.now_ns().saturating_add(whole_ns(limit))
}

/// Returns a duration in ns, `u64::MAX` (584 years) where that does not fit.
pub(crate) fn whole_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
