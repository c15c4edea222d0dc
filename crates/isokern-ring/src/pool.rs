//! Lent buffers: how a payload larger than a slot goes along with its message.
//!
//! A pool is `COUNT` buffers of `BYTES` bytes. The lender fills one and lends it; the handle,
//! 16 plain bytes, travels in the slot; the borrower works in the buffer, in place, and gives
//! it back; the lender reads the result and releases it. Nothing is copied: a model can run on
//! the very buffer that the sensor's driver filled.
//!
//! A handle is only a number. Each use of one is checked against what the pool knows: the
//! pool, the buffer, the lending, the length. So a handle that is stale, forged or from
//! another pool is an error and never an alias.

mod borrower;
mod buffers;
mod error;
mod lender;
#[cfg(feature = "std")]
mod region;
mod side_words;

#[cfg(all(test, feature = "std"))]
mod tests;

pub use borrower::Borrower;
#[cfg(feature = "std")]
pub use buffers::HeapBuffers;
pub use buffers::{Buffers, PoolMemory};
pub use error::PoolError;
pub use lender::{ClaimedBuffer, Lender};
#[cfg(feature = "std")]
pub use region::{RegionBuffers, region_lender};
pub use side_words::SideWords;

#[cfg(feature = "std")]
use std::sync::Arc;

/// Buffers for payloads, each aligned to 64 bytes; all zero when new.
///
/// ```
/// use isokern_ring::{BufferHandle, PayloadPool, PoolError, Ring};
///
/// let mut pool = PayloadPool::<490, 4>::new(1);
/// let (mut lender, mut borrower) = pool.split();
/// let mut ring = Ring::<BufferHandle, 4>::new();
/// let (mut producer, mut consumer) = ring.split();
///
/// let mut buffer = lender.try_claim()?;
/// buffer.fill(3);
/// producer.try_push(buffer.lend(490)?).expect("the ring is empty");
///
/// let handle = consumer.try_pop().expect("one is there");
/// let input = borrower.bytes(handle)?;
/// input[0] = 9; // the answer goes where the question was
/// borrower.give_back(handle)?;
///
/// assert_eq!(lender.bytes(handle)?[..2], [9, 3]);
/// lender.release(handle)?;
/// assert!(matches!(borrower.bytes(handle), Err(PoolError::StaleGeneration { .. })));
/// # Ok::<(), PoolError>(())
/// ```
#[derive(Debug)]
pub struct PayloadPool<const BYTES: usize, const COUNT: usize> {
    buffers: Buffers<BYTES, COUNT>,
    pool: u32,
}

impl<const BYTES: usize, const COUNT: usize> PayloadPool<BYTES, COUNT> {
    /// Returns a pool whose handles carry the number `pool`. Give each pool of a program its own:
    /// it is how a handle of another one is found out.
    #[must_use]
    pub const fn new(pool: u32) -> Self {
        const {
            assert!(COUNT > 0 && COUNT <= u32::MAX as usize, "a pool has a buffer or more");
            assert!(BYTES > 0 && BYTES <= u32::MAX as usize, "a buffer has a byte or more");
        }
        Self { buffers: Buffers::new(), pool }
    }

    /// Hands out the two sides, with every buffer on the lender's. Handles of an earlier split
    /// are stale.
    pub fn split(&mut self) -> PoolSides<&Buffers<BYTES, COUNT>> {
        let pool = self.pool;
        let (lender_side, borrower_side) = self.buffers.split();
        (Lender::new(lender_side, pool, [false; COUNT]), Borrower::new(borrower_side, pool))
    }
}

/// The two sides of a pool.
pub type PoolSides<M> = (Lender<M>, Borrower<M>);

/// Makes a pool on the heap: `count` buffers of `buffer_bytes` bytes, aligned to 64, all zero.
/// The two sides own it together, so each may go to a thread of its own.
///
/// ```
/// use isokern_ring::{PoolError, heap_pool};
///
/// let (mut lender, mut borrower) = heap_pool(490, 4, 1)?;
/// let mut buffer = lender.try_claim()?;
/// buffer[0] = 7;
/// let handle = buffer.lend(490)?;
/// assert_eq!(borrower.bytes(handle)?[0], 7);
/// # Ok::<(), PoolError>(())
/// ```
///
/// # Errors
///
/// [`PoolError::Unusable`] for no buffers, buffers without bytes, or more than 2³² - 1 of
/// either; [`PoolError::OutOfMemory`] when they do not fit into memory.
#[cfg(feature = "std")]
pub fn heap_pool(
    buffer_bytes: usize,
    count: usize,
    pool: u32,
) -> Result<PoolSides<Arc<HeapBuffers>>, PoolError> {
    let is_usable = |number: usize| number > 0 && u32::try_from(number).is_ok();
    if !is_usable(buffer_bytes) || !is_usable(count) {
        return Err(PoolError::Unusable { buffer_bytes, count });
    }
    let sides = HeapBuffers::try_sides(buffer_bytes, count);
    let (lender_side, borrower_side, marks) =
        sides.ok_or(PoolError::OutOfMemory { buffer_bytes, count })?;
    Ok((Lender::new(lender_side, pool, marks), Borrower::new(borrower_side, pool)))
}
