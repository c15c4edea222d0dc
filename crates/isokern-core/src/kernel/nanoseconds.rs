//! Durations as the `u64` of nanoseconds in which limits and deadlines are counted.

use core::time::Duration;

/// Returns a duration in nanoseconds, `u64::MAX` (584 years) where that does not fit.
///
/// ```
/// use core::time::Duration;
/// use isokern_core::kernel::whole_ns;
///
/// assert_eq!(whole_ns(Duration::from_micros(3)), 3_000);
/// assert_eq!(whole_ns(Duration::MAX), u64::MAX);
/// ```
#[must_use]
pub fn whole_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
