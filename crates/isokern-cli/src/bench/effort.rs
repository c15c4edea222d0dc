//! How long a measurement goes on.

use core::time::Duration;
use std::time::Instant;

/// What ends a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// So many runs.
    Runs(u64),
    /// The first run that ends after so much time.
    Time(Duration),
}

/// What a measurement took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Its runs, one at least.
    pub(crate) run_count: u64,
    /// Its time.
    pub(crate) elapsed: Duration,
}

impl Effort {
    /// Returns a tenth of it, for a warm-up.
    pub(crate) fn tenth(self) -> Self {
        match self {
            Self::Runs(run_count) => Self::Runs(run_count.div_ceil(10)),
            Self::Time(time) => Self::Time(time / 10),
        }
    }

    /// Returns as many runs of whole batches as have so many samples together; time stays time.
    pub(crate) fn batches(self, sample_count: usize) -> Self {
        match self {
            Self::Runs(run_count) => Self::Runs(run_count.div_ceil(sample_count.max(1) as u64)),
            Self::Time(time) => Self::Time(time),
        }
    }

    /// Repeats `run` and tells it its number, from 0.
    pub(crate) fn repeat<E>(self, mut run: impl FnMut(u64) -> Result<(), E>) -> Result<Spent, E> {
        let start = Instant::now();
        let mut run_count = 0;
        loop {
            run(run_count)?;
            run_count += 1;
            if !self.has_more(run_count, start) {
                return Ok(Spent { run_count, elapsed: start.elapsed() });
            }
        }
    }

    /// Returns whether there is more to do after so many runs since `start`.
    pub(crate) fn has_more(self, run_count: u64, start: Instant) -> bool {
        match self {
            Self::Runs(wanted) => run_count < wanted,
            Self::Time(time) => start.elapsed() < time,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::Effort;

    #[test]
    fn runs_are_counted_and_time_ends() {
        let mut numbers = Vec::new();
        let spent = Effort::Runs(3).repeat(|number| {
            numbers.push(number);
            Ok::<(), ()>(())
        });
        assert_eq!((spent.unwrap().run_count, numbers), (3, vec![0, 1, 2]));

        let time = Duration::from_millis(5);
        let spent = Effort::Time(time).repeat(|_| Ok::<(), ()>(())).unwrap();
        assert!(spent.elapsed >= time && spent.run_count > 1, "{spent:?}");
        let once = Effort::Time(Duration::ZERO).repeat(|_| Ok::<(), ()>(())).unwrap();
        assert_eq!(once.run_count, 1);
    }

    #[test]
    fn a_tenth_is_never_nothing() {
        assert_eq!(Effort::Runs(1).tenth(), Effort::Runs(1));
        assert_eq!(Effort::Runs(101).tenth(), Effort::Runs(11));
        assert_eq!(Effort::Runs(9).batches(4), Effort::Runs(3));
        assert_eq!(Effort::Runs(1).batches(4096), Effort::Runs(1));
        let second = Duration::from_secs(1);
        assert_eq!(Effort::Time(second).batches(4), Effort::Time(second));
        assert_eq!(Effort::Time(second).tenth(), Effort::Time(second / 10));
    }
}
