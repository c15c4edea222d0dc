//! A moment of a clock by which a call has to end.

use isokern_core::call::Clock;

/// A moment and the clock it is of; `u64::MAX` never comes.
pub(super) struct Deadline<'a, C> {
    clock: &'a C,
    moment_ns: u64,
}

impl<'a, C: Clock> Deadline<'a, C> {
    pub(super) const fn new(clock: &'a C, moment_ns: u64) -> Self {
        Self { clock, moment_ns }
    }

    /// Returns the time there is until then, in ns; 0 when there is none.
    pub(super) fn left_ns(&self) -> u64 {
        if self.moment_ns == u64::MAX {
            return u64::MAX;
        }
        self.moment_ns.saturating_sub(self.clock.now_ns())
    }

    /// Returns whether an answer that comes now is late.
    pub(super) fn is_past(&self) -> bool {
        self.clock.now_ns() > self.moment_ns
    }

    /// Waits until then.
    pub(super) async fn sleep(&self) {
        if self.moment_ns == u64::MAX {
            core::future::pending::<()>().await;
        }
        self.clock.sleep_until(self.moment_ns).await;
    }
}
