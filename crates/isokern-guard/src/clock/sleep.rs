//! The sleep of both clocks.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Mutex;

use super::sleepers::Sleepers;
use crate::lock::locked;

/// A clock that wakes its sleepers.
pub(super) trait Wakes: Sync {
    fn now_ns(&self) -> u64;

    fn sleepers(&self) -> &Mutex<Sleepers>;

    /// Sees to it that somebody will wake sleepers; `false` when nobody can. Called with
    /// the table locked, before a sleeper joins.
    fn can_wake(&self) -> bool;

    /// Notes that a sleeper has joined; `is_soonest` when nobody waits for an earlier moment.
    fn joined(&self, is_soonest: bool);
}

/// Ready once its moment has come; leaves its place when it is dropped.
#[must_use = "a sleep passes no time unless it is awaited"]
pub(super) struct Sleep<'c, W: Wakes> {
    clock: &'c W,
    moment_ns: u64,
    place: Option<usize>,
}

impl<'c, W: Wakes> Sleep<'c, W> {
    pub(super) const fn new(clock: &'c W, moment_ns: u64) -> Self {
        Self { clock, moment_ns, place: None }
    }

    fn leave(&mut self) {
        if let Some(number) = self.place.take() {
            let waker = locked(self.clock.sleepers()).leave(number);
            // Dropping a waker may drop a task with sleeps of its own: not under the lock.
            drop(waker);
        }
    }
}

impl<W: Wakes> Future for Sleep<'_, W> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        if self.moment_ns == u64::MAX {
            return Poll::Pending;
        }
        if self.clock.now_ns() >= self.moment_ns {
            self.leave();
            return Poll::Ready(());
        }
        let (clock, moment_ns) = (self.clock, self.moment_ns);
        let waker = task.waker().clone();
        let mut sleepers = locked(clock.sleepers());
        // Looked at again: the moment may have come, and everybody been woken, since.
        if clock.now_ns() >= moment_ns || !clock.can_wake() {
            drop(sleepers);
            waker.wake();
            return Poll::Pending;
        }
        let Some(number) = self.place else {
            self.place = Some(sleepers.join(moment_ns, waker));
            let is_soonest = sleepers.soonest_ns() == Some(moment_ns);
            drop(sleepers);
            clock.joined(is_soonest);
            return Poll::Pending;
        };
        let old = sleepers.replace_waker(number, waker);
        drop(sleepers);
        drop(old);
        Poll::Pending
    }
}

impl<W: Wakes> Drop for Sleep<'_, W> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<W: Wakes> fmt::Debug for Sleep<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("moment_ns", &self.moment_ns).finish_non_exhaustive()
    }
}
