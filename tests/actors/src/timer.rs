//! The clock that all actors of a host read alike.
#![allow(unsafe_code)]

#[cfg(target_arch = "nvptx64")]
use core::arch::asm;

use isokern_core::RingContext;

/// Returns the low word of the time in ns: on a device, that of its own timer.
///
/// A block knows the host's time by an estimate of its own, which is of no use to compare two
/// blocks.
#[cfg(target_arch = "nvptx64")]
pub(crate) fn now_ns(_: &RingContext<'_>) -> u32 {
    let value: u64;
    // SAFETY: reads a register, and touches nothing else.
    unsafe {
        asm!("mov.u64 {value}, %globaltimer;", value = out(reg64) value, options(nostack));
    }
    value as u32
}

/// Returns the low word of the runner's time in ns.
#[cfg(not(target_arch = "nvptx64"))]
pub(crate) fn now_ns(context: &RingContext<'_>) -> u32 {
    context.now_ns() as u32
}
