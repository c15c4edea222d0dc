//! A ring of messages in memory of its own, and how it is split into its two ends.

use core::fmt;
use core::marker::PhantomData;

use bytemuck::Pod;
#[cfg(any(target_has_atomic = "32", feature = "critical-section"))]
use isokern_core::ring::SharedRmw;
use isokern_core::ring::{SlotCount, require_fit};

use crate::claim_word::ClaimWord;
use crate::consumer::Consumer;
use crate::doorbell::Doorbells;
use crate::near_ring::NearRing;
use crate::producer::Producer;

/// A ring of `N` slots for messages of type `T`; all zero when new, so it costs no flash
/// in a `static`.
///
/// A slot is `LINES` lines of 128 bytes, each with 64 bytes of data; a `T` that needs more
/// lines does not compile. The whole is `256 + 128 * N * LINES` bytes and a few more.
///
/// ```
/// use isokern_ring::{PopError, PushError, Ring};
///
/// let mut ring = Ring::<[u8; 3], 2>::new();
/// let (mut producer, mut consumer) = ring.split();
/// assert_eq!(producer.try_push(*b"one"), Ok(()));
/// assert_eq!(producer.try_push(*b"two"), Ok(()));
/// assert_eq!(producer.try_push(*b"six"), Err(PushError::Full(*b"six")));
/// assert_eq!(consumer.try_pop(), Ok(*b"one"));
/// drop(producer); // closes; what was published is still delivered
/// assert_eq!(consumer.try_pop(), Ok(*b"two"));
/// assert_eq!(consumer.try_pop(), Err(PopError::Closed));
/// ```
///
/// A hundred bytes need two lines:
///
/// ```compile_fail,E0080
/// isokern_ring::Ring::<[u8; 100], 4>::new();
/// ```
///
/// ```
/// isokern_ring::Ring::<[u8; 100], 4, 2>::new();
/// ```
///
/// So does a capacity that is no power of two not compile:
///
/// ```compile_fail,E0080
/// isokern_ring::Ring::<u32, 3>::new();
/// ```
pub struct Ring<T, const N: usize, const LINES: usize = 1> {
    memory: NearRing<N, LINES>,
    bells: Doorbells,
    /// 1 once the ends were handed out through a shared reference.
    is_split: ClaimWord,
    message: PhantomData<fn(T) -> T>,
}

/// The hold of an end on its ring: a reference, or a share in its ownership.
///
/// Sealed: ends rely on a ring having one producer and one consumer.
pub trait RingHandle: sealed::Sealed {
    /// What travels.
    type Message: Pod;
    /// Where the cells are.
    type Memory: isokern_core::ring::SharedRing;

    /// Returns the cells and words.
    fn memory(&self) -> &Self::Memory;

    /// Returns what wakes a sleeping end.
    fn bells(&self) -> &Doorbells;
}

pub(crate) mod sealed {
    //! Keeps the handles to those of this crate.

    /// Implemented for the handles of this crate.
    pub trait Sealed {}
}

impl<T: Pod, const N: usize, const LINES: usize> Ring<T, N, LINES> {
    /// Returns an empty ring.
    #[must_use]
    pub const fn new() -> Self {
        const {
            require_fit(size_of::<T>(), 0, LINES);
            let _ = SlotCount::new::<N>();
        }
        Self {
            memory: NearRing::new(),
            bells: Doorbells::new(),
            is_split: ClaimWord::new(0),
            message: PhantomData,
        }
    }

    /// Hands out the two ends of the emptied ring. Messages left from an earlier split are
    /// gone.
    pub fn split(&mut self) -> (Producer<&Self>, Consumer<&Self>) {
        self.empty();
        (Producer::new(self), Consumer::new(self))
    }

    /// Hands out the two ends of a ring that can only be borrowed, such as a `static`: once,
    /// then `None`.
    ///
    /// Only one of several callers may win, so this needs compare-and-swap. A target without
    /// one has it under the feature `critical-section`; or gives out `&'static mut Ring` (as
    /// `cortex_m::singleton!` does) and calls [`split`](Self::split).
    ///
    /// ```
    /// use isokern_ring::Ring;
    ///
    /// static SAMPLES: Ring<i16, 64> = Ring::new();
    ///
    /// let (mut interrupt_end, mut loop_end) = SAMPLES.try_split().expect("the first split");
    /// interrupt_end.try_push(-3)?;
    /// assert_eq!(loop_end.try_pop(), Ok(-3));
    /// assert!(SAMPLES.try_split().is_none());
    /// # Ok::<(), isokern_ring::PushError<i16>>(())
    /// ```
    #[cfg(any(target_has_atomic = "32", feature = "critical-section"))]
    pub fn try_split(&self) -> Option<(Producer<&Self>, Consumer<&Self>)> {
        let consumer = self.try_claim()?;
        Some((Producer::new(self), consumer))
    }

    /// Makes the ring new, with its ends handed out.
    pub(crate) fn empty(&mut self) {
        self.memory.clear();
        self.is_split = ClaimWord::new(1);
    }

    /// Returns the consumer, once.
    #[cfg(any(target_has_atomic = "32", feature = "critical-section"))]
    pub(crate) fn try_claim(&self) -> Option<Consumer<&Self>> {
        self.is_split.compare_exchange(0, 1).ok()?;
        Some(Consumer::new(self))
    }

    /// Returns the number of slots.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }
}

impl<T, const N: usize, const LINES: usize> Ring<T, N, LINES> {
    #[inline]
    pub(crate) const fn memory_ref(&self) -> &NearRing<N, LINES> {
        &self.memory
    }

    #[inline]
    pub(crate) const fn bells_ref(&self) -> &Doorbells {
        &self.bells
    }
}

impl<T: Pod, const N: usize, const LINES: usize> Default for Ring<T, N, LINES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize, const LINES: usize> fmt::Debug for Ring<T, N, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("slots", &N).field("lines", &LINES).finish_non_exhaustive()
    }
}

impl<T, const N: usize, const LINES: usize> sealed::Sealed for &Ring<T, N, LINES> {}

impl<T: Pod, const N: usize, const LINES: usize> RingHandle for &Ring<T, N, LINES> {
    type Message = T;
    type Memory = NearRing<N, LINES>;

    #[inline]
    fn memory(&self) -> &NearRing<N, LINES> {
        self.memory_ref()
    }

    #[inline]
    fn bells(&self) -> &Doorbells {
        self.bells_ref()
    }
}
