//! Quotas: how much a tenant may use, asked before any work starts.
//!
//! A [`Quota`] admits a call or refuses it. What it admits holds a permit until the call
//! ends, so that a quota can limit how many run at once. [`TokenBucket`] is the
//! arithmetic of a rate, for whoever writes one.

use crate::kernel::QuotaExceeded;

/// Admits calls of tenants, or refuses them.
///
/// # For quota authors
///
/// [`admit`](Quota::admit) charges the tenant when it admits, and only then. What ends
/// with the call belongs into the permit's `Drop`.
pub trait Quota: Send + Sync {
    /// What an admitted call holds until it ends.
    type Permit<'q>: Send
    where
        Self: 'q;

    /// Admits one call of a tenant, at a moment in ns of the environment's clock.
    ///
    /// # Errors
    ///
    /// [`QuotaExceeded`]; the tenant is not charged.
    fn admit(&self, tenant: u32, now_ns: u64) -> Result<Self::Permit<'_>, QuotaExceeded>;
}

/// Admits every call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unlimited;

impl Quota for Unlimited {
    type Permit<'q> = ();

    fn admit(&self, _: u32, _: u64) -> Result<(), QuotaExceeded> {
        Ok(())
    }
}

/// A rate with room for bursts: one token a call, refilled evenly up to a full bucket.
///
/// The usual token bucket in whole nanoseconds: it stores when the bucket would be full,
/// and a take moves that moment by one interval (the *generic cell rate algorithm*, ITU-T
/// I.371), so that nothing is rounded, however long it runs.
///
/// ```
/// use isokern_core::call::TokenBucket;
///
/// let mut bucket = TokenBucket::new(2, 1_000); // two at once, one more every 1 000 ns
/// assert_eq!(bucket.try_take(0), Ok(()));
/// assert_eq!(bucket.try_take(0), Ok(()));
/// assert_eq!(bucket.try_take(300), Err(700)); // the next one in 700 ns
/// assert_eq!(bucket.try_take(1_000), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    /// How far ahead `full_at_ns` may be when a token is asked for; none without tokens.
    ahead_ns_max: Option<u64>,
    interval_ns: u64,
    full_at_ns: u64,
}

impl TokenBucket {
    /// Returns a full bucket of `burst_count` tokens, refilled by one every `interval_ns`.
    ///
    /// A burst of 0 admits nothing, an interval of 0 everything else.
    #[must_use]
    pub const fn new(burst_count: u32, interval_ns: u64) -> Self {
        let ahead_ns_max = match burst_count.checked_sub(1) {
            Some(more_count) => Some(interval_ns.saturating_mul(more_count as u64)),
            None => None,
        };
        Self { ahead_ns_max, interval_ns, full_at_ns: 0 }
    }

    /// Takes one token at a moment in ns.
    ///
    /// # Errors
    ///
    /// How many ns until there is one, `u64::MAX` when there never is. Nothing was taken.
    pub const fn try_take(&mut self, now_ns: u64) -> Result<(), u64> {
        let Some(ahead_ns_max) = self.ahead_ns_max else {
            return Err(u64::MAX);
        };
        let ahead_ns = self.full_at_ns.saturating_sub(now_ns);
        if ahead_ns > ahead_ns_max {
            return Err(ahead_ns - ahead_ns_max);
        }
        let from_ns = if self.full_at_ns > now_ns { self.full_at_ns } else { now_ns };
        self.full_at_ns = from_ns.saturating_add(self.interval_ns);
        Ok(())
    }

    /// Says whether every token is back.
    #[must_use]
    pub const fn is_full(&self, now_ns: u64) -> bool {
        self.full_at_ns <= now_ns
    }

    /// Returns the moment at which every token is back if none is taken until then, in ns;
    /// 0 for a bucket nobody took from.
    #[must_use]
    pub const fn full_at_ns(&self) -> u64 {
        self.full_at_ns
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};
    use std::vec::Vec;

    use super::TokenBucket;

    #[test]
    fn the_edges_of_a_bucket() {
        assert_eq!(TokenBucket::new(0, 5).try_take(u64::MAX), Err(u64::MAX));
        let mut free = TokenBucket::new(1, 0);
        assert!((0..1000).all(|_| free.try_take(7).is_ok()));
        let mut one = TokenBucket::new(1, u64::MAX);
        assert_eq!(one.try_take(3), Ok(()));
        assert_eq!(one.try_take(4), Err(u64::MAX - 4));
        let mut bucket = TokenBucket::new(3, 10);
        assert!(bucket.is_full(0));
        assert_eq!(bucket.try_take(100), Ok(()));
        assert!(!bucket.is_full(109) && bucket.is_full(110));
        assert_eq!(bucket.full_at_ns(), 110);
    }

    proptest! {
        /// In any window of `w` ns at most `burst + w / interval` calls are admitted, and a
        /// call that waits that long is admitted.
        #[test]
        fn no_window_admits_more(
            burst in 1..6_u32,
            interval_ns in 1..50_u64,
            steps in proptest::collection::vec(0..40_u64, 1..200),
        ) {
            let mut bucket = TokenBucket::new(burst, interval_ns);
            let (mut now_ns, mut admitted) = (0, Vec::new());
            for step_ns in steps {
                now_ns += step_ns;
                match bucket.try_take(now_ns) {
                    Ok(()) => admitted.push(now_ns),
                    Err(wait_ns) => {
                        let mut later = bucket;
                        prop_assert!(later.try_take(now_ns + wait_ns - 1).is_err());
                        prop_assert!(later.try_take(now_ns + wait_ns).is_ok());
                    }
                }
            }
            for (index, &start_ns) in admitted.iter().enumerate() {
                for (count, &end_ns) in (1_u64..).zip(&admitted[index..]) {
                    let window_ns = end_ns - start_ns;
                    prop_assert!(count <= u64::from(burst) + window_ns / interval_ns);
                }
            }
        }
    }
}
