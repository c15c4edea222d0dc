//! The end that pops.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;

use isokern_core::ring::{Closed, ConsumerState, PopError, producer_waits};

use crate::ring::RingHandle;
use crate::wait::{Pause, Wait, WaitStrategy};

/// The end of a ring that pops; the only one, so it is not `Clone`, and used by one thread at
/// a time, so it is `Send` and not `Sync`.
///
/// Dropping it closes the ring; messages left in it are lost.
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>(_: T) {}
///
/// let mut ring = isokern_ring::Ring::<u64, 4>::new();
/// shared(ring.split().1);
/// ```
pub struct Consumer<H: RingHandle> {
    state: ConsumerState,
    ring: H,
    /// `Cell` is `Send` and not `Sync`.
    one_thread: PhantomData<Cell<()>>,
}

impl<H: RingHandle> Consumer<H> {
    /// Returns the consumer of a ring that is all zero and has no other.
    pub(crate) fn new(ring: H) -> Self {
        Self { state: ConsumerState::new(), ring, one_thread: PhantomData }
    }

    /// Takes the next message and frees its slot. Wait-free, and allocates nothing.
    ///
    /// # Errors
    ///
    /// [`Empty`](PopError::Empty) when nothing is published, [`Closed`](PopError::Closed)
    /// when nothing ever will be: the producer closed and everything it published was taken.
    #[inline]
    pub fn try_pop(&mut self) -> Result<H::Message, PopError> {
        let taken = self.state.try_pop(self.ring.memory());
        if taken.is_ok() {
            self.wake_producer();
        }
        taken
    }

    /// Takes the next message, waiting while the ring is empty.
    ///
    /// # Errors
    ///
    /// [`Closed`] when no message will come, or when this end was closed and nothing is left:
    /// it waits for nobody then.
    pub fn pop(&mut self, wait: WaitStrategy) -> Result<H::Message, Closed> {
        let mut wait = Wait::new(wait);
        loop {
            match self.try_pop() {
                Ok(message) => return Ok(message),
                Err(PopError::Closed) => return Err(Closed),
                Err(PopError::Empty) if self.state.is_closed() => return Err(Closed),
                Err(PopError::Empty) => {}
            }
            match wait.pause() {
                Pause::Over => {}
                #[cfg(feature = "std")]
                Pause::Sleep(bound) => self.sleep(bound),
            }
        }
    }

    /// Takes messages into the front of `messages` while there are any; their number. The
    /// slots are freed together at the end.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop), when there was not even one.
    pub fn pop_into(&mut self, messages: &mut [H::Message]) -> Result<usize, PopError> {
        let taken_count = self.state.pop_into(self.ring.memory(), messages)?;
        self.wake_producer();
        Ok(taken_count)
    }

    /// Returns how many messages can be taken, counted slot by slot.
    ///
    /// The producer may publish more at any moment, so the number may grow; it never shrinks
    /// unless this end takes one.
    ///
    /// ```
    /// use isokern_ring::Ring;
    ///
    /// let mut ring = Ring::<u8, 4>::new();
    /// let (mut producer, mut consumer) = ring.split();
    /// producer.try_push(1)?;
    /// assert_eq!(consumer.len(), 1);
    /// producer.try_push(2)?; // on another thread this may happen between the two calls
    /// assert_eq!(consumer.len(), 2);
    /// consumer.try_pop().expect("len() said so");
    /// assert_eq!(consumer.len(), 1);
    /// # Ok::<(), isokern_ring::PushError<u8>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.len(self.ring.memory()) as usize
    }

    /// Returns whether there is nothing to take. `true` may change at any moment; `false` stays
    /// until this end takes a message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.is_empty(self.ring.memory())
    }

    /// Returns whether the producer closed; messages may be left. `true` stays.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.sees_closed(self.ring.memory())
    }

    /// Closes the ring: the producer's next push fails. What is in the ring can still be
    /// taken; a push that was under way may add one more message, so only
    /// [`PopError::Closed`] says that no message remains.
    ///
    /// ```
    /// use isokern_ring::{PushError, Ring};
    ///
    /// let mut ring = Ring::<u8, 4>::new();
    /// let (mut producer, mut consumer) = ring.split();
    /// producer.try_push(1)?;
    /// consumer.close();
    /// assert_eq!(producer.try_push(2), Err(PushError::Closed(2)));
    /// assert_eq!(consumer.try_pop(), Ok(1));
    /// # Ok::<(), isokern_ring::PushError<u8>>(())
    /// ```
    pub fn close(&mut self) {
        self.state.close(self.ring.memory());
        self.ring.bells().producer.ring();
    }

    #[inline]
    fn wake_producer(&self) {
        if cfg!(feature = "std") && producer_waits(self.ring.memory()) {
            self.ring.bells().producer.ring();
        }
    }

    #[cfg(feature = "std")]
    pub(crate) fn sleep(&mut self, bound: core::time::Duration) {
        let memory = self.ring.memory();
        self.ring.bells().consumer.enter();
        self.state.announce_waiting(memory, true);
        // Who publishes after this look sees the announcement.
        core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
        if self.state.is_empty(memory) && !self.state.sees_closed(memory) {
            crate::doorbell::Doorbell::sleep(bound);
        }
        self.state.announce_waiting(memory, false);
    }
}

impl<H: RingHandle> Drop for Consumer<H> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<H: RingHandle> fmt::Debug for Consumer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("state", &self.state).finish_non_exhaustive()
    }
}
