//! How device code stops: a record for the host, a flag for the block, `exit`.
//!
//! Never `trap`: it would poison the whole context, and every later call of the process
//! with it. A thread that meets a fault raises its block's flag, writes the record if it is
//! the first of its grid, and exits. The others of its block see the flag after their next
//! barrier and exit as well; other blocks run on. The host reads the record and drops the
//! outputs of the launch.
#![allow(unsafe_code)]

use core::arch::asm;
use core::mem::offset_of;
use core::panic::PanicInfo;

use isokern_core::device::{BlockPhase, BlockReport, FAULT_AT, FaultCode, FaultRecord, FaultState};
use isokern_core::ring::{AddressedLine, SharedRmw, SharedWord};

use crate::block::Role;
use crate::team::leave_crew;
use crate::words::{GpuWord, SystemMemory, SystemWord};
use crate::{block, registers};

/// Records a fault and ends the calling thread.
#[cold]
#[inline(never)]
pub fn fault(code: FaultCode, detail: u64) -> ! {
    record(code, detail, (0, 0));
    leave_crew();
    end_thread()
}

/// Ends the calling thread.
#[inline(always)]
pub fn end_thread() -> ! {
    // SAFETY: `exit` ends this thread alone; nothing of it needs to be dropped.
    unsafe { asm!("exit;", options(noreturn)) }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let place = info.location().map_or((0, 0), |at| (at.line(), at.column()));
    record(FaultCode::Panic, 0, place);
    leave_crew();
    end_thread()
}

/// Raises the block's flag and fills the host's record, unless another was first.
#[inline]
fn record(code: FaultCode, detail: u64, (line, column): (u32, u32)) {
    if !block::raise_fault() {
        return;
    }
    let start = block::fault_record();
    if start == 0 {
        return;
    }
    // SAFETY: the host owes a fault record at this address.
    let state = unsafe { GpuWord::at(start) };
    let claimed = FaultState::Claimed as u32;
    if state.compare_exchange(FaultState::Empty as u32, claimed).is_err() {
        return;
    }
    let sample = block::sample();
    put(start, offset_of!(FaultRecord, code), code.code());
    put(start, offset_of!(FaultRecord, block), registers::block());
    put(start, offset_of!(FaultRecord, thread), registers::thread());
    put_wide(start, offset_of!(FaultRecord, detail), detail);
    put_wide(start, offset_of!(FaultRecord, sample), sample);
    put(start, offset_of!(FaultRecord, line), line);
    put(start, offset_of!(FaultRecord, column), column);
    // SAFETY: as above.
    unsafe { SystemWord::at(start) }.store_release(FaultState::Written as u32);
    if block::role() == Role::Actor {
        report_spent();
    }
}

/// Says in the reports of a resident block that it has ended.
pub(crate) fn report_spent() {
    let line = block::fault_record() - FAULT_AT;
    // SAFETY: the record is that of a block's reports, whose line is there.
    let line = AddressedLine::new(unsafe { SystemMemory::new() }, line);
    let epoch = BlockReport::read(&line).map_or(0, |report| report.epoch());
    BlockReport::new(BlockPhase::Spent, epoch).publish(&line);
}

/// Writes a field of the record that starts at `start`.
#[inline(always)]
fn put(start: u64, offset: usize, value: u32) {
    // SAFETY: a field of the record the host owes.
    unsafe { SystemWord::at(start + offset as u64) }.store_relaxed(value);
}

/// Writes a field of two words, the lower first.
#[inline(always)]
fn put_wide(start: u64, offset: usize, value: u64) {
    put(start, offset, value as u32);
    put(start, offset + 4, (value >> 32) as u32);
}
