//! The buffers of an actor, each an arena of its model.
#![allow(unsafe_code)]

use isokern_cpu::core::actor::LentBuffers;
use isokern_cpu::core::ring::BufferHandle;

use crate::ALIGNMENT;

/// Buffers one after the other. A buffer goes to the side that runs the model with the message that
/// names it, and comes back with the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arenas {
    first: *mut u8,
    arena_bytes: usize,
    count: u32,
}

// SAFETY: the memory is the actor's, and each buffer is one side's at a time.
unsafe impl Send for Arenas {}
// SAFETY: as above.
unsafe impl Sync for Arenas {}

impl Arenas {
    /// Returns buffers that begin there, on a boundary; `actor_bytes` has counted them.
    pub(super) const fn new(first: *mut u8, arena_bytes: usize, count: u32) -> Self {
        Self { first, arena_bytes, count }
    }

    /// Returns how many there are.
    pub(super) const fn count(self) -> usize {
        self.count as usize
    }

    /// Returns where a buffer begins; `None` when there is no such buffer.
    pub(super) fn start(self, index: u32) -> Option<*mut u8> {
        let stride = self.arena_bytes.next_multiple_of(ALIGNMENT);
        (index < self.count).then(|| self.first.wrapping_add(index as usize * stride))
    }

    /// Returns what a message says of a buffer.
    pub(super) const fn handle(self, index: u32) -> BufferHandle {
        // An arena has fewer than 2^32 bytes.
        let length_bytes = self.arena_bytes as u32;
        BufferHandle { index, generation: 1, length_bytes, pool: 0 }
    }
}

impl LentBuffers for Arenas {
    fn bytes(&mut self, handle: BufferHandle) -> Option<&mut [u8]> {
        let start = self.start(handle.index)?;
        // SAFETY: as many bytes are there, zeroed once; the message in hand is the one that lends
        // them, until it is answered.
        Some(unsafe { core::slice::from_raw_parts_mut(start, self.arena_bytes) })
    }

    fn give_back(&mut self, handle: BufferHandle) -> bool {
        handle.index < self.count
    }
}
