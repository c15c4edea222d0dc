//! The side that fills buffers, lends them and reads what came back.

use core::fmt;
use core::ops::{Deref, DerefMut};

use isokern_core::ring::BufferHandle;

use super::buffers::{LenderSide, PoolMemory};
use super::error::PoolError;

/// The lending side of a pool. `Send`; there is one.
pub struct Lender<M: PoolMemory> {
    side: LenderSide<M>,
    pool: u32,
    /// Claimed, lent, or back and not released.
    is_taken: M::Marks,
    /// Where the search for a free buffer starts.
    next: usize,
}

/// A buffer that was claimed and is being filled. Dropping it gives it up.
pub struct ClaimedBuffer<'l, M: PoolMemory> {
    lender: &'l mut Lender<M>,
    index: usize,
    is_lent: bool,
}

impl<M: PoolMemory> Lender<M> {
    pub(super) const fn new(side: LenderSide<M>, pool: u32, is_taken: M::Marks) -> Self {
        Self { side, pool, is_taken, next: 0 }
    }

    /// Claims a free buffer, to be filled in place. Its bytes are whatever they were.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](PoolError::Exhausted) when none is free.
    pub fn try_claim(&mut self) -> Result<ClaimedBuffer<'_, M>, PoolError> {
        let is_taken = self.is_taken.as_ref();
        let count = is_taken.len();
        let is_free = |index: &usize| is_taken.get(*index) == Some(&false);
        let free = (self.next..count).find(is_free).or_else(|| (0..self.next).find(is_free));
        let index = free.ok_or(PoolError::Exhausted { count })?;
        self.next = index + 1;
        self.mark(index, true);
        Ok(ClaimedBuffer { lender: self, index, is_lent: false })
    }

    /// Returns the payload of a buffer that the borrower gave back, or left when it went.
    ///
    /// # Errors
    ///
    /// [`StillLent`](PoolError::StillLent) before that; the other variants for a handle that
    /// is not one of this pool's current ones.
    pub fn bytes(&mut self, handle: BufferHandle) -> Result<&mut [u8], PoolError> {
        let index = self.check_back(handle)?;
        let length_bytes = handle.length_bytes as usize;
        let capacity_bytes = self.side.memory().buffer_bytes();
        let bytes = self.side.bytes(index).ok_or(PoolError::StillLent { index: handle.index })?;
        bytes.get_mut(..length_bytes).ok_or(too_long(length_bytes, capacity_bytes))
    }

    /// Lends a buffer that came back once more, without giving it up in between.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), [`TooLong`](PoolError::TooLong) and
    /// [`BorrowerGone`](PoolError::BorrowerGone).
    pub fn lend_again(
        &mut self,
        handle: BufferHandle,
        length_bytes: usize,
    ) -> Result<BufferHandle, PoolError> {
        let index = self.check_back(handle)?;
        self.lend(index, length_bytes)
    }

    /// Gives a buffer that came back up, so that it can be claimed again.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes).
    pub fn release(&mut self, handle: BufferHandle) -> Result<(), PoolError> {
        let index = self.check_back(handle)?;
        self.mark(index, false);
        Ok(())
    }

    /// Returns how many buffers can be claimed now.
    #[must_use]
    pub fn free_count(&self) -> usize {
        self.is_taken.as_ref().iter().filter(|is_taken| !**is_taken).count()
    }

    /// Returns whether the borrower is gone: every buffer is back, and none can be lent.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.side.is_alone()
    }

    fn lend(&mut self, index: usize, length_bytes: usize) -> Result<BufferHandle, PoolError> {
        if length_bytes > self.side.memory().buffer_bytes() {
            return Err(too_long(length_bytes, self.side.memory().buffer_bytes()));
        }
        if self.is_closed() {
            return Err(PoolError::BorrowerGone);
        }
        // Counts and lengths fit: both kinds of pool see to it.
        let (index_word, length_word) = (index as u32, length_bytes as u32);
        let generation = self.side.lend(index).ok_or(PoolError::StillLent { index: index_word })?;
        Ok(BufferHandle {
            index: index_word,
            generation,
            length_bytes: length_word,
            pool: self.pool,
        })
    }

    /// Returns the index of a buffer that was lent under this handle and is back.
    fn check_back(&self, handle: BufferHandle) -> Result<usize, PoolError> {
        let index = check_place(handle, self.pool, self.side.memory())?;
        let is_taken = self.is_taken.as_ref().get(index).copied().unwrap_or(false);
        if !is_taken || handle.generation == 0 || self.side.generation(index) != handle.generation {
            let BufferHandle { index, generation, .. } = handle;
            return Err(PoolError::StaleGeneration { index, generation });
        }
        if self.side.is_home(index) {
            Ok(index)
        } else {
            Err(PoolError::StillLent { index: handle.index })
        }
    }

    fn mark(&mut self, index: usize, is_taken: bool) {
        if let Some(place) = self.is_taken.as_mut().get_mut(index) {
            *place = is_taken;
        }
    }
}

impl<M: PoolMemory> ClaimedBuffer<'_, M> {
    /// Lends the first `length_bytes` bytes; the handle goes into a message.
    ///
    /// # Errors
    ///
    /// [`TooLong`](PoolError::TooLong), [`BorrowerGone`](PoolError::BorrowerGone); the buffer is
    /// then given up.
    pub fn lend(mut self, length_bytes: usize) -> Result<BufferHandle, PoolError> {
        let handle = self.lender.lend(self.index, length_bytes)?;
        self.is_lent = true;
        Ok(handle)
    }
}

impl<M: PoolMemory> Drop for ClaimedBuffer<'_, M> {
    fn drop(&mut self) {
        if !self.is_lent {
            self.lender.mark(self.index, false);
        }
    }
}

impl<M: PoolMemory> Deref for ClaimedBuffer<'_, M> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.lender.side.peek(self.index).unwrap_or_default()
    }
}

impl<M: PoolMemory> DerefMut for ClaimedBuffer<'_, M> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.lender.side.bytes(self.index).unwrap_or_default()
    }
}

impl<M: PoolMemory> fmt::Debug for Lender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free_count = self.free_count();
        f.debug_struct("Lender").field("pool", &self.pool).field("free", &free_count).finish()
    }
}

impl<M: PoolMemory> fmt::Debug for ClaimedBuffer<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedBuffer").field("index", &self.index).finish_non_exhaustive()
    }
}

/// Returns the index of a handle, when pool and buffer exist.
pub(super) fn check_place<M: PoolMemory>(
    handle: BufferHandle,
    pool: u32,
    memory: &M,
) -> Result<usize, PoolError> {
    if handle.pool != pool {
        return Err(PoolError::ForeignHandle { expected: pool, found: handle.pool });
    }
    let (index, count) = (handle.index as usize, memory.count());
    if index >= count {
        return Err(PoolError::NoSuchBuffer { index: handle.index, count });
    }
    Ok(index)
}

pub(super) const fn too_long(length_bytes: usize, capacity_bytes: usize) -> PoolError {
    PoolError::TooLong { length_bytes, capacity_bytes }
}
