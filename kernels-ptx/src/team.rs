//! A block of threads as a team.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_core::Team;

use crate::{block, fault, registers};

/// The threads of one block.
pub(crate) struct BlockTeam {
    rank: u32,
    size: u32,
}

impl BlockTeam {
    /// Returns the calling thread's place in its block. Every thread of the block calls this once,
    /// first of all, with the address of the launch's fault record.
    #[inline(always)]
    pub(crate) fn start(fault_record: u64) -> Self {
        let team = Self { rank: registers::thread(), size: registers::threads() };
        if team.rank == 0 {
            block::open(fault_record);
        }
        barrier();
        team
    }

    /// Returns the index of the thread in its block.
    #[inline(always)]
    pub(crate) const fn index(&self) -> u32 {
        self.rank
    }
}

impl Team for BlockTeam {
    #[inline(always)]
    fn rank(&self) -> usize {
        self.rank as usize
    }

    #[inline(always)]
    fn size(&self) -> usize {
        self.size as usize
    }

    /// Waits at the barrier, and ends this thread if another of the block has met a fault.
    ///
    /// A thread that ends does not hold the others up: a barrier waits for the threads of
    /// the block that have not exited (CUDA programming guide, compute capability 7.x).
    #[inline(always)]
    fn sync(&self) {
        #[cfg(not(feature = "plant-skipped-barrier"))]
        barrier();
        if block::has_fault() {
            fault::end_thread();
        }
    }
}

/// Waits for every thread of the block that has not exited, and orders their accesses.
///
/// The one barrier of this crate, in a function of its own. A compiler may copy a barrier
/// into both arms of a branch on which threads part; `barrier.sync` without `.aligned`
/// allows that, and a call copied twice still calls one barrier.
#[inline(never)]
fn barrier() {
    // SAFETY: waits; as it may read and write any memory, no access moves across.
    unsafe { asm!("barrier.sync 0;", options(nostack)) };
}
