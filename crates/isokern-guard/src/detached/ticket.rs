//! The caller's end of a call.

use core::mem;
use core::task::{Context, Poll};
use std::sync::Arc;

use isokern_core::KernelError;

use super::call::{Call, Phase};
use super::stats::Shared;

/// Waits for the answer; dropped before it came, it gives the call up.
pub(super) struct Ticket<I, O> {
    call: Arc<Call<I, O>>,
    /// The time there was when the call was queued, in ns.
    limit_ns: u64,
}

impl<I, O> Ticket<I, O> {
    pub(super) fn new(shared: Arc<Shared>, input: I, limit_ns: u64) -> Self {
        Self { call: Arc::new(Call::new(shared, input)), limit_ns }
    }

    pub(super) fn call(&self) -> Arc<Call<I, O>> {
        Arc::clone(&self.call)
    }

    /// Ends a call for which there was no place.
    pub(super) fn refuse(self) -> KernelError {
        self.call.state().phase = Phase::Settled;
        self.call.count(|stats| stats.saturated_count += 1);
        KernelError::Saturated
    }

    /// Takes the answer if it is there, or leaves the caller's waker.
    pub(super) fn poll(
        &self,
        task: &mut Context<'_>,
        is_late: impl FnOnce() -> bool,
    ) -> Poll<Result<O, KernelError>> {
        let waker = task.waker().clone();
        let mut state = self.call.state();
        if matches!(state.phase, Phase::Answered(_)) {
            drop(state);
            return Poll::Ready(self.give_up(is_late));
        }
        let old = state.caller.replace(waker);
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Ends the call as its limit does, unless the answer has come first.
    ///
    /// An answer that is late is no answer; an error is returned all the same, because it
    /// says more than the limit does.
    pub(super) fn give_up(&self, is_late: impl FnOnce() -> bool) -> Result<O, KernelError> {
        let timeout = KernelError::Timeout { limit_ns: self.limit_ns };
        let mut state = self.call.state();
        match mem::replace(&mut state.phase, Phase::Settled) {
            Phase::Queued(input) => {
                self.call.tell_unwanted();
                self.call.count(|stats| stats.expired_in_queue_count += 1);
                drop(state);
                drop(input);
                Err(KernelError::DeadlineExceeded)
            }
            Phase::Running => {
                state.phase = Phase::Unwanted;
                self.call.tell_unwanted();
                self.call.count(|stats| {
                    stats.timed_out_count += 1;
                    stats.detached_count += 1;
                });
                Err(timeout)
            }
            Phase::Answered(result) => {
                drop(state);
                self.take(result, is_late)
            }
            unwanted @ (Phase::Unwanted | Phase::Settled) => {
                // The future was polled after its end; the call was counted then.
                state.phase = unwanted;
                Err(timeout)
            }
        }
    }

    fn take(
        &self,
        result: Result<O, KernelError>,
        is_late: impl FnOnce() -> bool,
    ) -> Result<O, KernelError> {
        let is_late = result.is_ok() && is_late();
        self.call.count(|stats| match &result {
            Ok(_) if is_late => {
                stats.timed_out_count += 1;
                stats.ended_unused_count += 1;
            }
            Ok(_) => stats.succeeded_count += 1,
            Err(KernelError::Panicked) => stats.panicked_count += 1,
            Err(KernelError::Cancelled) => stats.cancelled_count += 1,
            Err(_) => stats.failed_count += 1,
        });
        if is_late { Err(KernelError::Timeout { limit_ns: self.limit_ns }) } else { result }
    }
}

impl<I, O> Drop for Ticket<I, O> {
    fn drop(&mut self) {
        let mut state = self.call.state();
        let phase = mem::replace(&mut state.phase, Phase::Settled);
        let caller = state.caller.take();
        match phase {
            Phase::Queued(_) => {
                self.call.tell_unwanted();
                self.call.count(|stats| stats.withdrawn_count += 1);
            }
            Phase::Running => {
                state.phase = Phase::Unwanted;
                self.call.tell_unwanted();
                self.call.count(|stats| {
                    stats.dropped_count += 1;
                    stats.detached_count += 1;
                });
            }
            Phase::Answered(_) => self.call.count(|stats| {
                stats.dropped_count += 1;
                stats.ended_unused_count += 1;
            }),
            Phase::Unwanted => state.phase = Phase::Unwanted,
            Phase::Settled => {}
        }
        drop(state);
        // Foreign, and only now is nothing locked.
        drop((phase, caller));
    }
}
