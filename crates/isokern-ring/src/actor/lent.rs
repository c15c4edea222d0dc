//! Buffers of a [`PayloadPool`](crate::PayloadPool) as an actor sees them.

use isokern_core::actor::LentBuffers;
use isokern_core::ring::BufferHandle;

use crate::{Borrower, PoolMemory};

impl<M: PoolMemory> LentBuffers for Borrower<M> {
    fn bytes(&mut self, handle: BufferHandle) -> Option<&mut [u8]> {
        Borrower::bytes(self, handle).ok()
    }

    fn give_back(&mut self, handle: BufferHandle) -> bool {
        Borrower::give_back(self, handle).is_ok()
    }
}
