//! The side that works in lent buffers.

use core::fmt;

use isokern_core::ring::BufferHandle;

use super::buffers::{BorrowerSide, PoolMemory};
use super::error::PoolError;
use super::lender::{check_place, too_long};

/// The borrowing side of a pool. `Send`; there is one. Dropped, it leaves every buffer to the
/// lender.
pub struct Borrower<M: PoolMemory> {
    side: BorrowerSide<M>,
    pool: u32,
}

impl<M: PoolMemory> Borrower<M> {
    pub(super) const fn new(side: BorrowerSide<M>, pool: u32) -> Self {
        Self { side, pool }
    }

    /// Returns the payload that a handle represents, to read and to write in place.
    ///
    /// # Errors
    ///
    /// A handle of another pool, of a buffer that is not there, of a lending that is over, or
    /// of more bytes than a buffer has.
    pub fn bytes(&mut self, handle: BufferHandle) -> Result<&mut [u8], PoolError> {
        let index = check_place(handle, self.pool, self.side.memory())?;
        let length_bytes = handle.length_bytes as usize;
        let capacity_bytes = self.side.memory().buffer_bytes();
        let bytes = self.side.bytes(index, handle.generation).ok_or(stale(handle))?;
        bytes.get_mut(..length_bytes).ok_or(too_long(length_bytes, capacity_bytes))
    }

    /// Gives a buffer back to the lender, with all that was written into it.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes); the length is not looked at.
    pub fn give_back(&mut self, handle: BufferHandle) -> Result<(), PoolError> {
        let index = check_place(handle, self.pool, self.side.memory())?;
        let is_done = self.side.give_back(index, handle.generation);
        if is_done { Ok(()) } else { Err(stale(handle)) }
    }

    /// Returns whether the lender is gone: what was lent is still here, and nothing more will be.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.side.is_alone()
    }
}

impl<M: PoolMemory> fmt::Debug for Borrower<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Borrower").field("pool", &self.pool).finish_non_exhaustive()
    }
}

const fn stale(handle: BufferHandle) -> PoolError {
    PoolError::StaleGeneration { index: handle.index, generation: handle.generation }
}
