//! Statistics: what has become of the calls of a detached kernel.

use core::sync::atomic::AtomicBool;
use std::sync::Mutex;

/// Counts of calls by how they ended, since the kernel was detached.
///
/// A call is counted when its future is first polled. It ends in exactly one of the fields
/// from `refused_count` to `dropped_count`:
/// `calls_count == ended_count() + waiting_count()`.
///
/// Work that a caller gave up on while it ran ends in exactly one of the fields after
/// them: `timed_out_count + dropped_count == stopped_count + ended_unused_count +
/// detached_count`.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetachedStats {
    /// Every call.
    pub calls_count: u64,
    /// Refused by the checks: input, deadline, permission, quota. Nothing was run.
    pub refused_count: u64,
    /// Refused because every place was taken. Nothing was run.
    pub saturated_count: u64,
    /// The limit ended before a thread came to the call. Nothing was run.
    pub expired_in_queue_count: u64,
    /// The caller dropped the call before a thread came to it. Nothing was run.
    pub withdrawn_count: u64,
    /// Ended with `Cancelled`, by the kernel or because it was being dropped.
    pub cancelled_count: u64,
    /// Calls that were answered in time.
    pub succeeded_count: u64,
    /// Ended with an error of the kernel.
    pub failed_count: u64,
    /// The kernel panicked.
    pub panicked_count: u64,
    /// The limit ended after the work had begun.
    pub timed_out_count: u64,
    /// The caller dropped the call after the work had begun.
    pub dropped_count: u64,
    /// Given up, and stopped at a safe point.
    pub stopped_count: u64,
    /// Given up, and ran to its end all the same, or had just come there; a panic counts
    /// as an end.
    pub ended_unused_count: u64,
    /// Given up, and still holding a thread **now**. The only count here that falls.
    pub detached_count: u64,
}

impl DetachedStats {
    /// Returns how many calls have ended, whatever became of their work.
    #[must_use]
    pub const fn ended_count(&self) -> u64 {
        let not_run = self.refused_count
            + self.saturated_count
            + self.expired_in_queue_count
            + self.withdrawn_count;
        let answered =
            self.cancelled_count + self.succeeded_count + self.failed_count + self.panicked_count;
        not_run + answered + self.timed_out_count + self.dropped_count
    }

    /// Returns how many calls are queued or run with a caller who waits.
    #[must_use]
    pub const fn waiting_count(&self) -> u64 {
        self.calls_count - self.ended_count()
    }
}

/// What calls, workers and the kernel have in common.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Locked last: nothing else is locked under it.
    pub(super) stats: Mutex<DetachedStats>,
    /// The kernel is going away: work stops at its next safe point.
    pub(super) is_closing: AtomicBool,
}
