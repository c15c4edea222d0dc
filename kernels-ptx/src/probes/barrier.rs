//! A litmus test of the block's barrier: is everything written before it seen after it?
#![allow(unsafe_code)]

use isokern_core::Team;
use isokern_core::device::{FaultCode, pattern};

use super::{Instant, Output};
use isokern_device::team::BlockTeam;
use isokern_device::{block, fault, registers};

/// Writes a word in every thread, waits at the barrier, and reads another thread's word: `rounds`
/// times, each time with another partner.
///
/// The launch gives four bytes of dynamic shared memory per thread. A word of another round
/// counts as a violation. `observed` is the number of words read.
///
/// # Safety
///
/// `output` is a record, and `fault_record` one of faults or 0.
// SAFETY: the name is this crate's.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn isokern_probe_barrier(
    rounds: u32,
    output: u64,
    fault_record: u64,
) {
    let team = BlockTeam::start(fault_record);
    // SAFETY: by this function's contract.
    let output = unsafe { Output::at(output) };
    let (rank, size) = (team.index(), registers::threads().max(1));
    let needed = u64::from(size) * 4;
    if needed > registers::dynamic_shared_bytes().into() {
        fault::fault(FaultCode::SharedMemory, needed);
    }
    let words = block::dynamic().cast::<u32>();
    let start = Instant::now();
    let mut violations = 0_u64;
    for round in 0..rounds {
        // SAFETY: this thread's own word.
        unsafe { words.wrapping_add(rank as usize).write(pattern(round, rank)) };
        team.sync();
        let partner = (rank + 1 + round % size) % size;
        // SAFETY: a word of the block, written by its owner before the barrier.
        let value = unsafe { words.wrapping_add(partner as usize).read() };
        violations += u64::from(value != pattern(round, partner));
        // Nobody writes the next round's before all have read.
        team.sync();
    }
    output.add_violations(violations);
    output.add_observed(rounds.into());
    if rank == 0 && registers::block() == 0 {
        output.completed(rounds.into(), start);
    }
}
