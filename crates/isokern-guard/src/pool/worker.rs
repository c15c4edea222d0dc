//! What a thread of the pool does.

use std::sync::PoisonError;

use super::{Job, Shared};
use crate::lock::{contain, locked};

/// Runs jobs until the pool is closed and its queue is empty.
pub(super) fn run_jobs<J: Job>(shared: &Shared<J>) {
    let mut state = locked(&shared.state);
    loop {
        if let Some(job) = state.queue.pop_front() {
            state.idle_count -= 1;
            drop(state);
            let ended = contain(|| job.run());
            state = locked(&shared.state);
            state.idle_count += 1;
            state.panicked_count += u64::from(ended.is_none());
        } else if state.is_closed {
            return;
        } else {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
