//! A block of threads as a team.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_core::Team;

use crate::block::Role;
use crate::{block, fault, registers};

/// The threads of one block.
pub struct BlockTeam {
    rank: u32,
    size: u32,
    /// Threads of the crew of a resident block, which meets at a barrier of its own; 0 for a team
    /// that is the whole block.
    crew_size: u32,
}

/// The threads of a resident block before its crew: one warp, whose first thread leads.
pub const CONTROL_THREADS: u32 = isokern_core::device::CONTROL_THREADS;

impl BlockTeam {
    /// Returns the calling thread's place in its block. Every thread of the block calls this once,
    /// first of all, with the address of the launch's fault record.
    #[inline(always)]
    pub fn start(fault_record: u64) -> Self {
        let team = Self { rank: registers::thread(), size: registers::threads(), crew_size: 0 };
        if team.rank == 0 {
            block::open(fault_record);
        }
        meet(0);
        team
    }

    /// Returns the calling thread's place in the crew of a resident block: all threads but those of
    /// the first warp, none of which calls this.
    #[inline(always)]
    pub fn crew() -> Self {
        let rank = registers::thread().wrapping_sub(CONTROL_THREADS);
        Self { rank, size: crew_size(), crew_size: crew_size() }
    }

    /// Waits at the barrier, and goes on also where a thread of the block has met a fault.
    #[inline(always)]
    pub(crate) fn meet(&self) {
        #[cfg(not(feature = "plant-skipped-barrier"))]
        meet(self.crew_size);
    }

    /// Returns the index of the thread in its block.
    #[inline(always)]
    pub const fn index(&self) -> u32 {
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
        self.meet();
        if block::has_fault() {
            fault::end_thread();
        }
    }
}

/// Counts the threads of the crew of this block.
#[inline(always)]
fn crew_size() -> u32 {
    registers::threads().saturating_sub(CONTROL_THREADS)
}

/// Arrives where the others of a crew wait, for a thread that ends; nothing for other threads.
pub(crate) fn leave_crew() {
    if block::role() != Role::Batch && registers::thread() >= CONTROL_THREADS {
        // SAFETY: arrives; as it may read and write any memory, no access moves across.
        unsafe {
            asm!("barrier.arrive 1, {size};", size = in(reg32) crew_size(), options(nostack))
        };
    }
}

/// Waits for every thread of the block that has not exited, or for those of its crew, and orders
/// their accesses. The barrier of a crew counts arrivals: who ends has arrived before
/// ([`leave_crew`]).
///
/// The one function of this crate that waits for a block. A compiler may copy a barrier
/// into both arms of a branch on which threads part; `barrier.sync` without `.aligned`
/// allows that, and a call copied twice still calls one barrier.
#[inline(never)]
fn meet(crew_size: u32) {
    if crew_size == 0 {
        // SAFETY: waits; as it may read and write any memory, no access moves across.
        unsafe { asm!("barrier.sync 0;", options(nostack)) };
    } else {
        // SAFETY: as above.
        unsafe { asm!("barrier.sync 1, {size};", size = in(reg32) crew_size, options(nostack)) };
    }
}
