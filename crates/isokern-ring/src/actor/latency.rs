//! Latencies of questions, in buckets of one per cent.

use core::fmt;
use core::time::Duration;

use hdrhistogram::Histogram;
use isokern_core::kernel::whole_ns;

/// Latencies of questions, from the push to the collected answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LatencySummary {
    /// Questions counted, whatever their answer was.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// 999 of 1000 took no longer.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

/// The times of all questions so far.
pub(super) struct Latencies {
    nanoseconds: Histogram<u64>,
}

impl Latencies {
    pub(super) fn new() -> Self {
        // Two digits: buckets of 1 %, up to an hour.
        let nanoseconds = Histogram::new_with_bounds(1, 3_600_000_000_000, 2);
        Self { nanoseconds: nanoseconds.unwrap_or_else(|_| unreachable!("the bounds are valid")) }
    }

    pub(super) fn record(&mut self, elapsed: Duration) {
        self.nanoseconds.saturating_record(whole_ns(elapsed));
    }

    pub(super) fn summary(&self) -> LatencySummary {
        let at = |quantile| Duration::from_nanos(self.nanoseconds.value_at_quantile(quantile));
        LatencySummary {
            count: self.nanoseconds.len(),
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_nanos(self.nanoseconds.max()),
        }
    }
}

impl fmt::Debug for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary().fmt(f)
    }
}
