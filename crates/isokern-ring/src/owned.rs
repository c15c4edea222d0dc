//! A ring on the heap that its two ends own together.

use core::fmt;
use std::sync::Arc;

use bytemuck::Pod;

use crate::consumer::Consumer;
use crate::doorbell::Doorbells;
use crate::near_ring::NearRing;
use crate::producer::Producer;
use crate::ring::{Ring, RingHandle, sealed};

/// A share in the ownership of a ring.
pub struct ArcRing<T, const N: usize, const LINES: usize = 1>(pub(crate) Arc<Ring<T, N, LINES>>);

/// Returns the two ends of a new ring on the heap; it is freed with the second of them.
///
/// This is the only allocation. The ring is built on the stack and then moved, so very large
/// ones (thousands of slots) belong in a `static`.
///
/// ```
/// use isokern_ring::{WaitStrategy, owned};
/// use std::{thread, time::Duration};
///
/// let (mut producer, mut consumer) = owned::<u32, 8, 1>();
/// let sum = thread::spawn(move || {
///     let wait = WaitStrategy::Park { bound: Duration::from_millis(1) };
///     core::iter::from_fn(|| consumer.pop(wait).ok()).sum::<u32>()
/// });
/// for number in 1..=100 {
///     producer.push(number, WaitStrategy::Yield)?;
/// }
/// drop(producer);
/// assert_eq!(sum.join().expect("no panic"), 5050);
/// # Ok::<(), isokern_ring::PushError<u32>>(())
/// ```
#[must_use]
pub fn owned<T: Pod, const N: usize, const LINES: usize>()
-> (Producer<ArcRing<T, N, LINES>>, Consumer<ArcRing<T, N, LINES>>) {
    let ring = Arc::new(Ring::new());
    (Producer::new(ArcRing(Arc::clone(&ring))), Consumer::new(ArcRing(ring)))
}

impl<T, const N: usize, const LINES: usize> fmt::Debug for ArcRing<T, N, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ArcRing").field(&self.0).finish()
    }
}

impl<T, const N: usize, const LINES: usize> sealed::Sealed for ArcRing<T, N, LINES> {}

impl<T: Pod, const N: usize, const LINES: usize> RingHandle for ArcRing<T, N, LINES> {
    type Message = T;
    type Memory = NearRing<N, LINES>;

    #[inline]
    fn memory(&self) -> &NearRing<N, LINES> {
        self.0.memory_ref()
    }

    #[inline]
    fn bells(&self) -> &Doorbells {
        self.0.bells_ref()
    }
}
