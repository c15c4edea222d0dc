//! The end that pushes.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

use isokern_core::ring::{Closed, ProducerState, PushError, consumer_waits};

use crate::ring::RingHandle;
use crate::wait::{Pause, Wait, WaitStrategy};

/// The end of a ring that pushes; the only one, so it is not `Clone`, and used by one thread
/// at a time, so it is `Send` and not `Sync`.
///
/// Dropping it closes the ring.
///
/// ```
/// use isokern_ring::{Ring, WaitStrategy};
/// use std::thread;
///
/// let mut ring = Ring::<u64, 4>::new();
/// let (mut producer, mut consumer) = ring.split();
/// thread::scope(|scope| {
///     scope.spawn(move || {
///         for number in 0..1000 {
///             producer.push(number, WaitStrategy::Spin).expect("the consumer is there");
///         }
///     });
///     for number in 0..1000 {
///         assert_eq!(consumer.pop(WaitStrategy::Spin), Ok(number));
///     }
///     assert!(consumer.pop(WaitStrategy::Spin).is_err()); // closed by the drop
/// });
/// ```
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>(_: T) {}
///
/// let mut ring = isokern_ring::Ring::<u64, 4>::new();
/// shared(ring.split().0);
/// ```
pub struct Producer<H: RingHandle> {
    state: ProducerState,
    ring: H,
    /// `Cell` is `Send` and not `Sync`.
    one_thread: PhantomData<Cell<()>>,
}

impl<H: RingHandle> Producer<H> {
    /// Returns the producer of a ring that is all zero and has no other.
    pub(crate) fn new(ring: H) -> Self {
        Self { state: ProducerState::new(), ring, one_thread: PhantomData }
    }

    /// Publishes a message in the next slot. Wait-free, and allocates nothing.
    ///
    /// # Errors
    ///
    /// [`Full`](PushError::Full) when no slot is free, [`Closed`](PushError::Closed) when an
    /// end was closed; the message is inside.
    #[inline]
    pub fn try_push(&mut self, message: H::Message) -> Result<(), PushError<H::Message>> {
        self.state.try_push(self.ring.memory(), message)?;
        self.wake_consumer();
        Ok(())
    }

    /// Publishes a message, waiting while the ring is full.
    ///
    /// # Errors
    ///
    /// [`Closed`](PushError::Closed) when an end was closed, never
    /// [`Full`](PushError::Full); the message is inside.
    pub fn push(
        &mut self,
        message: H::Message,
        wait: WaitStrategy,
    ) -> Result<(), PushError<H::Message>> {
        let mut wait = Wait::new(wait);
        let mut message = message;
        loop {
            match self.try_push(message) {
                Err(PushError::Full(back)) => message = back,
                outcome => return outcome,
            }
            match wait.pause() {
                Pause::Over => {}
                #[cfg(feature = "std")]
                Pause::Sleep(bound) => self.sleep(bound),
            }
        }
    }

    /// Publishes messages from the front of `messages` while slots are free; their number.
    ///
    /// ```
    /// use isokern_ring::Ring;
    ///
    /// let mut ring = Ring::<u8, 4>::new();
    /// let (mut producer, mut consumer) = ring.split();
    /// assert_eq!(producer.push_from(&[1, 2, 3, 4, 5, 6]), Ok(4));
    /// let mut taken = [0; 8];
    /// assert_eq!(consumer.pop_into(&mut taken), Ok(4));
    /// assert_eq!(taken[..4], [1, 2, 3, 4]);
    /// ```
    ///
    /// # Errors
    ///
    /// [`Closed`] when an end was closed; nothing was published.
    pub fn push_from(&mut self, messages: &[H::Message]) -> Result<usize, Closed> {
        let pushed_count = self.state.push_from(self.ring.memory(), messages)?;
        self.wake_consumer();
        Ok(pushed_count)
    }

    /// Returns how many slots can be filled at the time of the call.
    ///
    /// The consumer may free more at any moment, so the true number is this or higher, never
    /// lower. A consumer with a backlog frees an eighth of the ring at a time, at most 16 slots.
    ///
    /// ```
    /// use isokern_ring::Ring;
    ///
    /// let mut ring = Ring::<u8, 2>::new();
    /// let (mut producer, mut consumer) = ring.split();
    /// producer.try_push(1)?;
    /// assert_eq!(producer.free_slots(), 1);
    /// // So many pushes succeed, whatever the consumer does meanwhile; it can only free more.
    /// consumer.try_pop().expect("one is there");
    /// assert_eq!(producer.free_slots(), 2);
    /// # Ok::<(), isokern_ring::PushError<u8>>(())
    /// ```
    #[must_use]
    pub fn free_slots(&mut self) -> usize {
        self.state.free_slots(self.ring.memory()) as usize
    }

    /// Returns whether an end was closed. `true` stays; `false` may change at any moment.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.sees_closed(self.ring.memory())
    }

    /// Closes the ring: the consumer gets what was published, then learns that no more
    /// comes. Dropping the producer does the same.
    pub fn close(&mut self) {
        self.state.close(self.ring.memory());
        self.ring.bells().consumer.ring();
    }

    #[inline]
    fn wake_consumer(&self) {
        if cfg!(feature = "std") && consumer_waits(self.ring.memory()) {
            self.ring.bells().consumer.ring();
        }
    }

    #[cfg(feature = "std")]
    pub(crate) fn sleep(&mut self, bound: core::time::Duration) {
        let memory = self.ring.memory();
        self.ring.bells().producer.enter();
        self.state.announce_waiting(memory, true);
        // Who frees a slot after this look sees the announcement.
        core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
        if self.state.free_slots(memory) == 0 && !self.state.sees_closed(memory) {
            crate::doorbell::Doorbell::sleep(bound);
        }
        self.state.announce_waiting(memory, false);
    }
}

impl<H: RingHandle> Drop for Producer<H> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<H: RingHandle> fmt::Debug for Producer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("state", &self.state).finish_non_exhaustive()
    }
}
