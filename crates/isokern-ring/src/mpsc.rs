//! Many producers in front of one ring.
//!
//! Each producer claims a ticket by compare-and-swap and then fills that ticket's slot; the
//! consumer is the plain one. Where the processor has no compare-and-swap (Armv6-M),
//! this module is there with the feature `critical-section` alone: without it, programs that
//! name it do not compile.

use core::fmt;

use bytemuck::Pod;
use isokern_core::ring::{PushError, SharedTail, consumer_waits};

use crate::claim_word::ClaimWord;
use crate::consumer::Consumer;
use crate::ring::{Ring, RingHandle};
use crate::wait::{Pause, Wait, WaitStrategy};

/// A ring that many may push to and one pops from.
///
/// ```
/// use isokern_ring::{MpscRing, WaitStrategy};
/// use std::thread;
///
/// let mut ring = MpscRing::<u32, 8>::new();
/// let (producer, mut consumer) = ring.split();
/// let mut sum = 0;
/// thread::scope(|scope| {
///     for _ in 0..3 {
///         let producer = producer.clone();
///         scope.spawn(move || {
///             for number in 1..=100 {
///                 producer.push(number, WaitStrategy::Yield).expect("the consumer is there");
///             }
///         });
///     }
///     drop(producer); // the last of the clones closes the ring
///     while let Ok(number) = consumer.pop(WaitStrategy::Yield) {
///         sum += number;
///     }
/// });
/// assert_eq!(sum, 3 * 5050);
/// ```
pub struct MpscRing<T, const N: usize, const LINES: usize = 1> {
    ring: Ring<T, N, LINES>,
    tail: SharedTail<ClaimWord>,
}

impl<T: Pod, const N: usize, const LINES: usize> MpscRing<T, N, LINES> {
    /// Returns an empty ring.
    #[must_use]
    pub const fn new() -> Self {
        Self { ring: Ring::new(), tail: first_tail() }
    }

    /// Hands out a producer, to be cloned, and the consumer of the emptied ring.
    pub fn split(&mut self) -> (MpscProducer<'_, T, N, LINES>, Consumer<&Ring<T, N, LINES>>) {
        self.tail = first_tail();
        self.ring.empty();
        (MpscProducer { front: self }, Consumer::new(&self.ring))
    }

    /// Hands out a producer, to be cloned, and the consumer, of a ring that can only be
    /// borrowed: once, then `None`.
    pub fn try_split(
        &self,
    ) -> Option<(MpscProducer<'_, T, N, LINES>, Consumer<&Ring<T, N, LINES>>)> {
        let consumer = self.ring.try_claim()?;
        Some((MpscProducer { front: self }, consumer))
    }
}

impl<T: Pod, const N: usize, const LINES: usize> Default for MpscRing<T, N, LINES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize, const LINES: usize> fmt::Debug for MpscRing<T, N, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MpscRing").field(&self.ring).finish()
    }
}

/// One of the producers of an [`MpscRing`]: `Send`, `Sync` and `Clone`. The last one dropped
/// closes the ring.
pub struct MpscProducer<'a, T: Pod, const N: usize, const LINES: usize = 1> {
    front: &'a MpscRing<T, N, LINES>,
}

impl<T: Pod, const N: usize, const LINES: usize> MpscProducer<'_, T, N, LINES> {
    /// Claims a slot and publishes a message in it. Allocates nothing; lock-free, where the
    /// target has compare-and-swap.
    ///
    /// # Errors
    ///
    /// [`Full`](PushError::Full) when no slot is free, [`Closed`](PushError::Closed) when the
    /// consumer closed; the message is inside.
    #[inline]
    pub fn try_push(&self, message: T) -> Result<(), PushError<T>> {
        let ring = &&self.front.ring;
        self.front.tail.try_push(ring.memory(), message)?;
        if cfg!(feature = "std") && consumer_waits(ring.memory()) {
            ring.bells().consumer.ring();
        }
        Ok(())
    }

    /// Publishes a message, waiting while the ring is full.
    ///
    /// The consumer has one bell to ring and here are many sleepers, so it rings for none:
    /// `Park` sleeps its whole bound before the next look.
    ///
    /// # Errors
    ///
    /// [`Closed`](PushError::Closed) when the consumer closed, never
    /// [`Full`](PushError::Full); the message is inside.
    pub fn push(&self, message: T, wait: WaitStrategy) -> Result<(), PushError<T>> {
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
                Pause::Sleep(bound) => std::thread::sleep(bound),
            }
        }
    }
}

impl<T: Pod, const N: usize, const LINES: usize> Clone for MpscProducer<'_, T, N, LINES> {
    fn clone(&self) -> Self {
        self.front.tail.join();
        Self { front: self.front }
    }
}

impl<T: Pod, const N: usize, const LINES: usize> Drop for MpscProducer<'_, T, N, LINES> {
    fn drop(&mut self) {
        let ring = &&self.front.ring;
        self.front.tail.leave(ring.memory());
        ring.bells().consumer.ring();
    }
}

impl<T: Pod, const N: usize, const LINES: usize> fmt::Debug for MpscProducer<'_, T, N, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MpscProducer").field(&self.front).finish()
    }
}

/// Returns the words for one producer at ticket 0.
const fn first_tail() -> SharedTail<ClaimWord> {
    SharedTail::new(ClaimWord::new(0), ClaimWord::new(0), ClaimWord::new(1))
}
