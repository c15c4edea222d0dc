//! The sleep of both clocks.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::ptr;
use core::task::{Context, Poll, Waker};
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

    /// Returns whether whoever wakes sleepers looks at the table by this moment without being
    /// told. Called with the table locked, after a sleeper joined.
    fn looks_by(&self, moment_ns: u64) -> bool;

    /// Tells that a sleeper has joined for whom nobody would look in time.
    fn joined(&self);
}

/// Ready once its moment has come; leaves its place when it is dropped.
#[must_use = "a sleep passes no time unless it is awaited"]
pub(super) struct Sleep<'c, W: Wakes> {
    clock: &'c W,
    moment_ns: u64,
    place: Option<Place>,
}

/// A place in the table, and whom the table wakes: a poll by the same task needs no lock.
struct Place {
    number: usize,
    waker: Name,
}

/// The addresses that tell a waker from others. Not a waker: a sleep that held one would keep
/// the task alive that it is a part of. No other waker gets the addresses before the table gave
/// this one up, and then the moment has come.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Name {
    data: usize,
    vtable: usize,
}

impl Name {
    fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), vtable: ptr::from_ref(waker.vtable()).addr() }
    }
}

impl<'c, W: Wakes> Sleep<'c, W> {
    pub(super) const fn new(clock: &'c W, moment_ns: u64) -> Self {
        Self { clock, moment_ns, place: None }
    }

    /// Takes a place in the table, or gives the place it has another waker.
    fn wait(&mut self, waker: &Waker) {
        let (clock, moment_ns, name) = (self.clock, self.moment_ns, Name::of(waker));
        let waker = waker.clone();
        let mut sleepers = locked(clock.sleepers());
        // Looked at again: the moment may have come, and everybody been woken, since.
        if clock.now_ns() >= moment_ns || !clock.can_wake() {
            drop(sleepers);
            waker.wake();
            return;
        }
        if let Some(place) = &mut self.place {
            place.waker = name;
            let old = sleepers.replace_waker(place.number, waker);
            drop(sleepers);
            drop(old);
            return;
        }
        let number = sleepers.join(moment_ns, waker);
        let is_in_time = clock.looks_by(moment_ns);
        drop(sleepers);
        self.place = Some(Place { number, waker: name });
        if !is_in_time {
            clock.joined();
        }
    }

    fn leave(&mut self) {
        if let Some(place) = self.place.take() {
            let waker = locked(self.clock.sleepers()).leave(place.number);
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
        // Whoever took the waker meanwhile saw the moment come, and wakes this task again.
        if self.place.as_ref().is_some_and(|place| place.waker == Name::of(task.waker())) {
            return Poll::Pending;
        }
        self.wait(task.waker());
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
