//! What a runner does while a handler waits.

use core::task::Waker;

/// Passes the time between two polls of a handler, and between two looks at empty mailboxes.
pub trait Pace {
    /// Returns the waker that a waiting handler is given.
    fn waker(&self) -> &Waker;

    /// Returns when the handler may be polled again: when its waker was woken, or after a
    /// time that bounds how late stop and deadline are seen.
    fn pause(&mut self);
}

/// Polls again at once, with the processor's hint for such loops; wakers do nothing.
///
/// For main loops, and for handlers that wait for nothing but safe points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spinning;

impl Pace for Spinning {
    fn waker(&self) -> &Waker {
        Waker::noop()
    }

    fn pause(&mut self) {
        core::hint::spin_loop();
    }
}
