//! Pointer chases: each load needs the one before, so their time is the latency.
#![allow(unsafe_code)]

use core::arch::asm;

use super::{Instant, Output};
use isokern_core::Team;
use isokern_core::device::FaultCode;
use isokern_device::team::BlockTeam;
use isokern_device::{block, fault, registers};

/// Chases `steps` links from `chain`, in mapped, global or any memory a load reaches.
///
/// The chain is 64-bit words; each holds the distance in bytes from `chain` to the next. A
/// load goes past the first cache (system scope). One thread works; `last` is the distance at
/// which the chase ended.
///
/// # Safety
///
/// Every distance leads to a word of the chain, and `output` is a record.
// SAFETY: the name is this crate's.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn isokern_probe_chase(chain: u64, steps: u32, output: u64) {
    if registers::thread() != 0 || registers::block() != 0 {
        return;
    }
    // SAFETY: by this function's contract.
    let output = unsafe { Output::at(output) };
    let mut at = 0_u64;
    let start = Instant::now();
    for _ in 0..steps {
        // SAFETY: by this function's contract.
        unsafe {
            asm!(
                "ld.relaxed.sys.global.u64 {at}, [{a}];",
                a = in(reg64) chain + at, at = out(reg64) at, options(nostack),
            );
        }
    }
    // In this order: the store waits for the last load, and the clock is read after it.
    output.set_last(at);
    output.completed(steps.into(), start);
}

/// Chases `steps` links through `words` 64-bit words of shared memory, `stride` words apart.
///
/// The launch gives `8 * words` bytes of dynamic shared memory. One thread works; `last` is
/// the index of the word at which the chase ended.
///
/// # Safety
///
/// `output` is a record, and `fault_record` one of faults or 0.
// SAFETY: the name is this crate's.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn isokern_probe_shared_chase(
    words: u32,
    stride: u32,
    steps: u32,
    output: u64,
    fault_record: u64,
) {
    let team = BlockTeam::start(fault_record);
    let needed = u64::from(words) * 8;
    if needed > registers::dynamic_shared_bytes().into() || words == 0 {
        fault::fault(FaultCode::SharedMemory, needed.max(8));
    }
    // Links are addresses inside shared memory, so that a step is one load.
    let first = block::dynamic_offset();
    let links = block::dynamic().cast::<u64>();
    for index in team.share(words as usize) {
        let next = (index as u64 + u64::from(stride)) % u64::from(words);
        // SAFETY: word `index` is in the block's memory and is this rank's alone.
        unsafe { links.wrapping_add(index).write(first + next * 8) };
    }
    team.sync();
    if team.index() != 0 || registers::block() != 0 {
        return;
    }
    // SAFETY: by this function's contract.
    let output = unsafe { Output::at(output) };
    let mut at = first;
    let start = Instant::now();
    for _ in 0..steps {
        // SAFETY: every link leads to a link, and nobody writes now.
        unsafe {
            asm!(
                "ld.relaxed.cta.shared.u64 {to}, [{at}];",
                at = in(reg64) at, to = out(reg64) at, options(nostack),
            );
        }
    }
    // As above.
    output.set_last((at - first) / 8);
    output.completed(steps.into(), start);
}
