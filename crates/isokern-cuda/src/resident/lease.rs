//! The thread that keeps a resident kernel running.

use core::time::Duration;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::thread::JoinHandle;
use std::time::Instant;

use isokern_core::call::Clock;

use super::block::NAP;
use super::error::ResidentError;
use super::grid::Grid;

/// The longest time between two looks at the blocks.
const LOOK: Duration = Duration::from_millis(20);

/// A thread that renews the lease of a grid until it is ended.
#[derive(Debug)]
pub(super) struct LeaseThread {
    end: Arc<End>,
    thread: JoinHandle<()>,
}

/// Whether the thread is to end.
#[derive(Debug, Default)]
struct End {
    is_asked: Mutex<bool>,
    bell: Condvar,
}

impl LeaseThread {
    /// Renews the lease once, then eight times in each lease or more often.
    pub(super) fn start<C: Clock + 'static>(
        grid: Arc<Grid>,
        clock: C,
        lease: Duration,
    ) -> Result<Self, ResidentError> {
        let end = Arc::new(End::default());
        let seen = Arc::clone(&end);
        let pause = (lease / 8).min(LOOK);
        grid.renew_lease(clock.now_ns());
        let thread = thread::Builder::new().name("isokern-lease".into());
        let thread = thread.spawn(move || {
            while !seen.is_asked_within(pause) {
                grid.renew_lease(clock.now_ns());
                grid.blocks().settle();
            }
        });
        let thread = thread.map_err(|error| {
            let reason = error.to_string().into();
            ResidentError::NoThread { reason }
        })?;
        Ok(Self { end, thread })
    }

    /// Ends the thread: the lease is not renewed after this. A thread whose clock does not return
    /// is waited for no longer than `within`, and ends when it does.
    pub(super) fn end(self, within: Duration) {
        *self.end.is_asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.bell.notify_all();
        let began = Instant::now();
        while !self.thread.is_finished() && began.elapsed() < within {
            thread::sleep(NAP);
        }
        if self.thread.is_finished() {
            // It has no panics of its own; a clock's ends it as well.
            let _ended = self.thread.join();
        }
    }
}

impl End {
    /// Waits, and returns whether the thread is to end.
    fn is_asked_within(&self, pause: Duration) -> bool {
        let asked = self.is_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.bell.wait_timeout_while(asked, pause, |is_asked| !*is_asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
