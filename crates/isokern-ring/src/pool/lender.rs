//! The side that fills buffers, lends them and reads what came back.

use core::fmt;
use core::ops::{Deref, DerefMut};

use isokern_core::ring::BufferHandle;

use super::buffers::LenderSide;
use super::error::PoolError;

/// The lending side of a pool. `Send`; there is one.
pub struct Lender<'a, const BYTES: usize, const COUNT: usize> {
    side: LenderSide<'a, BYTES, COUNT>,
    pool: u32,
    /// Claimed, lent, or back and not released.
    is_taken: [bool; COUNT],
    /// Where the search for a free buffer starts.
    next: usize,
}

/// A buffer that was claimed and is being filled. Dropping it gives it up.
pub struct ClaimedBuffer<'l, 'a, const BYTES: usize, const COUNT: usize> {
    lender: &'l mut Lender<'a, BYTES, COUNT>,
    index: usize,
    is_lent: bool,
}

impl<'a, const BYTES: usize, const COUNT: usize> Lender<'a, BYTES, COUNT> {
    pub(super) const fn new(side: LenderSide<'a, BYTES, COUNT>, pool: u32) -> Self {
        Self { side, pool, is_taken: [false; COUNT], next: 0 }
    }

    /// Claims a free buffer, to be filled in place. Its bytes are whatever they were.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](PoolError::Exhausted) when none is free.
    pub fn try_claim(&mut self) -> Result<ClaimedBuffer<'_, 'a, BYTES, COUNT>, PoolError> {
        let free = (0..COUNT)
            .map(|offset| (self.next + offset) % COUNT)
            .find(|&index| !self.is_taken.get(index).copied().unwrap_or(true));
        let index = free.ok_or(PoolError::Exhausted { count: COUNT })?;
        self.next = (index + 1) % COUNT;
        self.mark(index, true);
        Ok(ClaimedBuffer { lender: self, index, is_lent: false })
    }

    /// The payload of a buffer that the borrower gave back.
    ///
    /// # Errors
    ///
    /// [`StillLent`](PoolError::StillLent) before that; the other variants for a handle that
    /// is not one of this pool's current ones.
    pub fn bytes(&mut self, handle: BufferHandle) -> Result<&mut [u8], PoolError> {
        let index = self.check_back(handle)?;
        let length_bytes = handle.length_bytes as usize;
        let bytes = self.side.bytes(index).ok_or(PoolError::StillLent { index: handle.index })?;
        bytes.get_mut(..length_bytes).ok_or(too_long::<BYTES>(length_bytes))
    }

    /// Lends a buffer that came back once more, without giving it up in between.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and [`TooLong`](PoolError::TooLong).
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

    /// Buffers that can be claimed now.
    #[must_use]
    pub fn free_count(&self) -> usize {
        self.is_taken.iter().filter(|is_taken| !**is_taken).count()
    }

    fn lend(&mut self, index: usize, length_bytes: usize) -> Result<BufferHandle, PoolError> {
        if length_bytes > BYTES {
            return Err(too_long::<BYTES>(length_bytes));
        }
        // Counts and lengths fit: `PayloadPool::new` asserts it.
        let (index_word, length_word) = (index as u32, length_bytes as u32);
        let generation = self.side.lend(index).ok_or(PoolError::StillLent { index: index_word })?;
        Ok(BufferHandle {
            index: index_word,
            generation,
            length_bytes: length_word,
            pool: self.pool,
        })
    }

    /// The index of a buffer that was lent under this handle and is back.
    fn check_back(&self, handle: BufferHandle) -> Result<usize, PoolError> {
        let index = check_place::<COUNT>(handle, self.pool)?;
        let is_taken = self.is_taken.get(index).copied().unwrap_or(false);
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
        if let Some(place) = self.is_taken.get_mut(index) {
            *place = is_taken;
        }
    }
}

impl<const BYTES: usize, const COUNT: usize> ClaimedBuffer<'_, '_, BYTES, COUNT> {
    /// Lends the first `length_bytes` bytes; the handle goes into a message.
    ///
    /// # Errors
    ///
    /// [`TooLong`](PoolError::TooLong); the buffer is then given up.
    pub fn lend(mut self, length_bytes: usize) -> Result<BufferHandle, PoolError> {
        let handle = self.lender.lend(self.index, length_bytes)?;
        self.is_lent = true;
        Ok(handle)
    }
}

impl<const BYTES: usize, const COUNT: usize> Drop for ClaimedBuffer<'_, '_, BYTES, COUNT> {
    fn drop(&mut self) {
        if !self.is_lent {
            self.lender.mark(self.index, false);
        }
    }
}

impl<const BYTES: usize, const COUNT: usize> Deref for ClaimedBuffer<'_, '_, BYTES, COUNT> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.lender.side.peek(self.index).map_or(&[], <[u8; BYTES]>::as_slice)
    }
}

impl<const BYTES: usize, const COUNT: usize> DerefMut for ClaimedBuffer<'_, '_, BYTES, COUNT> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.lender.side.bytes(self.index).map_or(&mut [], <[u8; BYTES]>::as_mut_slice)
    }
}

impl<const BYTES: usize, const COUNT: usize> fmt::Debug for Lender<'_, BYTES, COUNT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free_count = self.free_count();
        f.debug_struct("Lender").field("pool", &self.pool).field("free", &free_count).finish()
    }
}

impl<const BYTES: usize, const COUNT: usize> fmt::Debug for ClaimedBuffer<'_, '_, BYTES, COUNT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedBuffer").field("index", &self.index).finish_non_exhaustive()
    }
}

/// The index of a handle, when pool and buffer exist.
pub(super) fn check_place<const COUNT: usize>(
    handle: BufferHandle,
    pool: u32,
) -> Result<usize, PoolError> {
    if handle.pool != pool {
        return Err(PoolError::ForeignHandle { expected: pool, found: handle.pool });
    }
    let index = handle.index as usize;
    if index >= COUNT {
        return Err(PoolError::NoSuchBuffer { index: handle.index, count: COUNT });
    }
    Ok(index)
}

pub(super) const fn too_long<const BYTES: usize>(length_bytes: usize) -> PoolError {
    PoolError::TooLong { length_bytes, capacity_bytes: BYTES }
}
