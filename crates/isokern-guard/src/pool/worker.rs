//! What a thread of the pool does.

use std::sync::PoisonError;

use super::{Shared, WorkItem};
use crate::lock::{contain, locked};

/// Runs items until the pool is closed and its queue is empty.
pub(super) fn run_items<J: WorkItem>(shared: &Shared<J>) {
    let mut state = locked(&shared.state);
    loop {
        if let Some(item) = state.queue.pop_front() {
            state.idle_count -= 1;
            drop(state);
            let ended = contain(|| item.run());
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
