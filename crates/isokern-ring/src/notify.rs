//! Waker cells: how a future learns that a message or a reply has come.
//!
//! | cell | where | wakes |
//! |---|---|---|
//! | [`WakerCell`] | `std` | the task that registered last |
//! | [`CriticalWakerCell`] | feature `critical-section` | the same, also from an interrupt |
//! | [`PollOnly`] | everywhere | nobody: tasks are asked to look again at once |
//!
//! The order that loses no message: register the waker, *then* look at the ring; on the other
//! side publish, *then* notify.

use core::task::Waker;

use isokern_core::actor::Fresh;

/// A place for one waker.
///
/// Wakers are foreign code: a task may end in the drop of its last one, and its destructors may
/// come back to this very cell. So a cell **must not** clone, wake or drop one while it holds a
/// lock, is in a critical section or borrows its own insides.
pub trait Notify {
    /// Whether [`notify`](Self::notify) wakes. Where it is `false`, a future that waits is
    /// polled without end and should say so.
    const WAKES: bool;

    /// Keeps a waker for the next `notify`, in place of an earlier one. Everything published
    /// before a `notify` that finds no waker is seen by a look after this call.
    fn register(&self, waker: &Waker);

    /// Wakes and forgets the registered waker, if there is one. Called after publishing.
    fn notify(&self);
}

/// No waker is kept: registering asks for the next poll at once, so the task looks again and
/// again. For firmware with one loop, where polling is what it does anyway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollOnly;

impl Fresh for PollOnly {
    const FRESH: Self = Self;
}

impl Notify for PollOnly {
    const WAKES: bool = false;

    fn register(&self, waker: &Waker) {
        waker.wake_by_ref();
    }

    fn notify(&self) {}
}

impl<N: Notify> Notify for &N {
    const WAKES: bool = N::WAKES;

    fn register(&self, waker: &Waker) {
        N::register(self, waker);
    }

    fn notify(&self) {
        N::notify(self);
    }
}

#[cfg(feature = "critical-section")]
mod critical;
#[cfg(feature = "std")]
mod threads;

#[cfg(feature = "critical-section")]
pub use critical::CriticalWakerCell;
#[cfg(feature = "std")]
pub use threads::WakerCell;

#[cfg(all(test, loom, feature = "std"))]
mod model_words;
#[cfg(all(test, loom, feature = "std"))]
mod models;
#[cfg(all(test, not(loom), feature = "std"))]
mod tests;
