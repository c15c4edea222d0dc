//! The borrower's side of a payload pool in mapped memory.
#![allow(unsafe_code)]

use core::{ptr, slice};

use isokern_core::actor::LentBuffers;
use isokern_core::device::BlockOrder;
use isokern_core::ring::{BufferHandle, LendingWords, PoolLayout, SharedWord};

use crate::words::SystemWord;

/// The buffers that messages lend, if the order names a pool.
pub(super) struct MappedPool {
    address: u64,
    layout: PoolLayout,
    number: u32,
}

impl MappedPool {
    /// Returns the pool of an order.
    ///
    /// # Safety
    ///
    /// At the order's address is such a pool in mapped memory, and this is its one borrower.
    pub(super) const unsafe fn new(order: &BlockOrder) -> Self {
        let (count, buffer_bytes) = order.pool_buffers;
        let count = if order.pool == 0 { 0 } else { count };
        let layout = PoolLayout::new(count, buffer_bytes);
        Self { address: order.pool, layout, number: order.pool_number }
    }

    /// Returns the words of the buffer that a handle names.
    fn words(&self, handle: BufferHandle) -> Option<LendingWords<SystemWord>> {
        if handle.pool != self.number || handle.index >= self.layout.count() {
            return None;
        }
        let lent = self.address + self.layout.lent_at(handle.index);
        let returned = self.address + self.layout.returned_at(handle.index);
        // SAFETY: two words of the pool, by the contract of `new`.
        let lent = unsafe { SystemWord::at(lent) };
        // SAFETY: as above.
        let returned = unsafe { SystemWord::at(returned) };
        Some(LendingWords::new(lent, returned))
    }
}

impl LentBuffers for MappedPool {
    fn bytes(&mut self, handle: BufferHandle) -> Option<&mut [u8]> {
        let is_here = self.words(handle)?.is_borrowed(handle.generation);
        if !is_here || handle.length_bytes > self.layout.buffer_bytes() {
            return None;
        }
        let start = self.address + self.layout.buffer_at(handle.index);
        let start = ptr::with_exposed_provenance_mut::<u8>(start as usize);
        // SAFETY: the bytes of a buffer of the pool, which are this side's while its words differ;
        // they do until `give_back`, which borrows this side as well.
        Some(unsafe { slice::from_raw_parts_mut(start, handle.length_bytes as usize) })
    }

    fn give_back(&mut self, handle: BufferHandle) -> bool {
        self.words(handle).is_some_and(|words| words.give_back(handle.generation))
    }
}

impl Drop for MappedPool {
    fn drop(&mut self) {
        if self.layout.count() > 0 {
            let gone = self.address + PoolLayout::BORROWER_GONE_AT;
            // SAFETY: a word of the pool, by the contract of `new`.
            unsafe { SystemWord::at(gone) }.store_release(1);
        }
    }
}
