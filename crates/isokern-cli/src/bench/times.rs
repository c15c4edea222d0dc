//! Times of many runs in little memory, and their quantiles.

use core::time::Duration;

use hdrhistogram::Histogram;
use isokern_core::kernel::whole_ns;
use serde::Serialize;

/// The longest time that is distinguished from longer ones: an hour.
const LONGEST_NS: u64 = 3_600_000_000_000;
/// Decimal digits of a time that count.
const DIGITS: u8 = 3;

/// The times of some runs.
#[derive(Debug)]
pub(crate) struct Times {
    histogram: Histogram<u64>,
}

/// What is said about some times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    pub(crate) run_count: u64,
    pub(crate) p50_ns: u64,
    pub(crate) p99_ns: u64,
    pub(crate) p999_ns: u64,
    pub(crate) max_ns: u64,
}

impl Times {
    /// Returns an empty list. All memory is taken here.
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_NS, DIGITS);
        Self { histogram: histogram.unwrap_or_else(|_| unreachable!("the bounds are valid")) }
    }

    /// Adds the time of a run.
    pub(crate) fn add(&mut self, time: Duration) {
        self.add_ns(whole_ns(time));
    }

    fn add_ns(&mut self, time_ns: u64) {
        self.histogram.saturating_record(time_ns);
    }

    /// Returns their quantiles.
    pub(crate) fn summary(&self) -> Summary {
        let at = |quantile| self.histogram.value_at_quantile(quantile);
        Summary {
            run_count: self.histogram.len(),
            p50_ns: at(0.5),
            p99_ns: at(0.99),
            p999_ns: at(0.999),
            max_ns: self.histogram.max(),
        }
    }
}

/// Differences of times, of either sign.
#[derive(Debug)]
pub(crate) struct Differences {
    below: Times,
    above: Times,
}

impl Differences {
    /// Returns an empty list. All memory is taken here.
    pub(crate) fn new() -> Self {
        Self { below: Times::new(), above: Times::new() }
    }

    /// Adds `time` less `base`.
    pub(crate) fn add(&mut self, time: Duration, base: Duration) {
        match time.checked_sub(base) {
            Some(more) => self.above.add(more),
            None => self.below.add(base - time),
        }
    }

    /// Returns the difference, in ns, that this share did not exceed: the nearest rank.
    pub(crate) fn at(&self, quantile: f64) -> i64 {
        let (below, above) = (&self.below.histogram, &self.above.histogram);
        let count = below.len() + above.len();
        let rank = ((quantile * count as f64).ceil() as u64).clamp(1, count.max(1));
        // The largest one below zero is the smallest of its histogram.
        let (sign, histogram, rank) = match rank.checked_sub(below.len()) {
            None | Some(0) => (-1, below, below.len() - rank + 1),
            Some(rank) => (1, above, rank),
        };
        let share = rank as f64 / histogram.len().max(1) as f64;
        sign * histogram.value_at_quantile(share) as i64
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Differences, Times};

    fn ns(count: u64) -> Duration {
        Duration::from_nanos(count)
    }

    #[test]
    fn quantiles_are_in_order_and_have_three_digits() {
        let mut times = Times::new();
        assert_eq!(times.summary().max_ns, 0);
        (1..=1000).rev().for_each(|count| times.add(ns(count)));
        let summary = times.summary();
        assert_eq!((summary.p50_ns, summary.p99_ns, summary.p999_ns), (500, 990, 999));
        assert_eq!((summary.run_count, summary.max_ns), (1000, 1000));
        times.add(ns(1_234_567));
        let max_ns = times.summary().max_ns;
        assert!((1_234_567..1_235_900).contains(&max_ns), "{max_ns}");
        times.add(Duration::MAX);
        assert!(times.summary().max_ns >= 3_600_000_000_000);
    }

    #[test]
    fn differences_of_both_signs_have_quantiles() {
        let mut differences = Differences::new();
        assert_eq!(differences.at(0.5), 0);
        // -50 to 49
        (0..100).for_each(|count| differences.add(ns(count), ns(50)));
        assert_eq!(
            [0.01, 0.25, 0.5, 0.51, 0.99, 1.0].map(|q| differences.at(q)),
            [-50, -26, -1, 0, 48, 49]
        );
        let mut below = Differences::new();
        (1..=10).for_each(|count| below.add(ns(0), ns(count)));
        assert_eq!([0.1, 0.5, 1.0].map(|quantile| below.at(quantile)), [-10, -6, -1]);
    }
}
