//! Times of single runs, and what is said about them.

use core::time::Duration;

/// The times of some runs.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    times: Vec<Duration>,
}

impl Latencies {
    /// Adds the time of one run.
    pub fn add(&mut self, time: Duration) {
        self.times.push(time);
    }

    /// Adds the times of other runs.
    pub fn extend(&mut self, other: Self) {
        self.times.extend(other.times);
    }

    /// Returns the times, in the order of the runs.
    #[must_use]
    pub fn times(&self) -> &[Duration] {
        &self.times
    }

    /// Returns how many runs there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.times.len()
    }

    /// Returns the time that this share of the runs, in per cent, did not exceed; zero where there
    /// were none.
    ///
    /// The nearest rank: always the time of a run, never between two.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Latencies};

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(50), Duration::ZERO);
        (1..=100).rev().for_each(|ns| latencies.add(Duration::from_nanos(ns)));
        let ns = |percent| latencies.percentile(percent).as_nanos();
        assert_eq!([ns(50), ns(99), ns(100)], [50, 99, 100]);
    }
}
