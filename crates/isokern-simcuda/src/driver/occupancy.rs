//! How many blocks of a kernel a multiprocessor holds at a time.
//!
//! Registers are given to warps in units of 256, which is 8 a thread, and warps come in fours.
//! Shared memory comes in units of 128 bytes (1024 with reserved memory included per block by the
//! system on 8.0 and later).

use super::device::{REGISTERS, Sizes, THREADS_PER_BLOCK};
use super::status::{Outcome, Status};

/// Threads of a warp.
const WARP: u32 = 32;
/// Registers a thread gets are a multiple of this.
const REGISTER_UNIT: u32 = 8;
/// Warps of a block get registers as a multiple of this.
const WARP_UNIT: u32 = 4;
/// Shared memory of a block is a multiple of this.
const SHARED_UNIT: u64 = 128;

/// What a block of a kernel needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Threads.
    pub threads: u32,
    /// Registers a thread.
    pub registers: u32,
    /// Shared memory, static and dynamic, in bytes.
    pub shared: u64,
}

impl Need {
    /// Registers of a block as they are given out.
    #[must_use]
    pub fn block_registers(self) -> u64 {
        let warps = self.threads.div_ceil(WARP).next_multiple_of(WARP_UNIT);
        let thread = self.registers.max(1).next_multiple_of(REGISTER_UNIT);
        u64::from(warps) * u64::from(WARP) * u64::from(thread)
    }

    /// Blocks of this need that a multiprocessor holds; 0 where not even one fits.
    #[must_use]
    pub fn blocks(self, sizes: Sizes) -> u32 {
        if self.threads == 0 || self.threads > THREADS_PER_BLOCK {
            return 0;
        }
        let warps = self.threads.div_ceil(WARP);
        let by_threads = u64::from(sizes.threads / WARP / warps);
        let by_registers = u64::from(REGISTERS) / self.block_registers();
        let reserved = u64::from(sizes.shared_reserved);
        let shared = (self.shared + reserved).next_multiple_of(SHARED_UNIT);
        let by_shared = match shared {
            0 => u64::MAX,
            shared => u64::from(sizes.shared) / shared,
        };
        let blocks = by_threads.min(by_registers).min(by_shared).min(sizes.blocks.into());
        u32::try_from(blocks).unwrap_or(0)
    }

    /// Returns the largest dynamic shared memory with which a multiprocessor holds `blocks` blocks.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_VALUE`] where it does not hold so many even without.
    pub fn dynamic_for(self, blocks: u32, sizes: Sizes) -> Outcome<u64> {
        if blocks == 0 || self.blocks(sizes) < blocks {
            return Err(Status::INVALID_VALUE);
        }
        let each = u64::from(sizes.shared / blocks) / SHARED_UNIT * SHARED_UNIT;
        let most = u64::from(sizes.shared_optin);
        Ok((each - u64::from(sizes.shared_reserved)).min(most) - self.shared)
    }
}

/// Returns the block size with the most resident threads, and the blocks that fill the device with
/// it; among equals the largest. `need` gives what a block of some threads needs.
#[must_use]
pub fn best_block(
    sizes: Sizes,
    multiprocessors: u32,
    most_threads: u32,
    need: impl Fn(u32) -> Need,
) -> Option<(u32, u32)> {
    let warps = (1..=most_threads / WARP).rev().map(|warps| warps * WARP);
    let small = (most_threads < WARP).then_some(most_threads).filter(|threads| *threads > 0);
    let mut best: Option<(u32, u32)> = None;
    for threads in warps.chain(small) {
        let blocks = need(threads).blocks(sizes);
        if best.is_none_or(|(size, count)| blocks * threads > size * count) {
            best = (blocks > 0).then_some((threads, blocks)).or(best);
        }
    }
    best.map(|(threads, blocks)| (threads, blocks * multiprocessors))
}

#[cfg(test)]
mod tests {
    use super::super::device::sizes;
    use super::{Need, best_block};

    #[test]
    fn each_bound_can_be_the_one_that_counts() {
        let need = |threads, registers, shared| Need { threads, registers, shared };
        // By hand, on 9.0: 2048 threads, 32 blocks, 65536 registers, 228 KiB with 1 KiB reserved.
        assert_eq!(need(256, 32, 0).blocks(sizes(90)), 8, "threads");
        assert_eq!(need(32, 16, 0).blocks(sizes(90)), 32, "blocks");
        assert_eq!(need(256, 96, 0).blocks(sizes(90)), 2, "registers: 24576 a block");
        assert_eq!(need(256, 97, 0).blocks(sizes(90)), 2, "rounded to 104: 26624 a block");
        assert_eq!(need(33, 255, 0).blocks(sizes(90)), 2, "two warps count as four: 32768");
        assert_eq!(need(128, 16, 100 << 10).blocks(sizes(90)), 2, "shared: 101 KiB a block");
        assert_eq!(need(128, 16, 227 << 10).blocks(sizes(90)), 1);
        assert_eq!(need(128, 16, 228 << 10).blocks(sizes(90)), 0);
        assert_eq!(need(1024, 96, 0).blocks(sizes(90)), 0);
        assert_eq!(need(1024, 32, 0).blocks(sizes(75)), 1);
        assert_eq!(need(0, 32, 0).blocks(sizes(90)), 0);
    }

    #[test]
    fn the_best_block_fills_a_multiprocessor() {
        let need = |registers| move |threads| Need { threads, registers, shared: 0 };
        assert_eq!(best_block(sizes(90), 8, 1024, need(32)), Some((1024, 16)));
        // 40 registers: 1600 threads fit; 12 warps of 4 blocks are 1536 and so are 24 warps of 2.
        let (threads, blocks) = best_block(sizes(90), 1, 1024, need(40)).unwrap();
        assert_eq!(threads * blocks, 1536);
        // One warp gets the registers of four: 4096, so 16 blocks fit.
        assert_eq!(best_block(sizes(90), 8, 16, need(32)), Some((16, 128)));
        assert_eq!(best_block(sizes(90), 8, 0, need(32)), None);
    }

    #[test]
    fn dynamic_memory_leaves_room_for_the_blocks() {
        let need = Need { threads: 128, registers: 16, shared: 1024 };
        for blocks in [1, 2, 3, 16] {
            let dynamic = need.dynamic_for(blocks, sizes(90)).unwrap();
            let with = Need { shared: need.shared + dynamic, ..need };
            assert!(with.blocks(sizes(90)) >= blocks);
        }
        assert_eq!(need.dynamic_for(1, sizes(90)), Ok((227 << 10) - 1024));
        assert!(need.dynamic_for(17, sizes(90)).is_err());
    }
}
