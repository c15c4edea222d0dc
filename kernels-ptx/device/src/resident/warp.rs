//! What the lanes of a warp do together.
#![allow(unsafe_code)]

use core::arch::asm;

use super::shared::{AGREED, load, store_if};
use crate::{block, fault};

/// Waits for the lanes of the warp, and orders their accesses.
///
/// Not in a function of its own: lanes that come one after the other would be in frames of their
/// own there.
#[inline(always)]
pub(super) fn warp_barrier() {
    // SAFETY: waits; as it may read and write any memory, no access moves across.
    unsafe { asm!("bar.warp.sync 0xffffffff;", options(nostack)) };
}

/// Returns a bit for each lane of the warp that says yes.
#[inline(always)]
pub(super) fn ballot(says_yes: bool) -> u32 {
    let bits: u32;
    // SAFETY: computes on registers of the warp's lanes, all of which call this.
    unsafe {
        asm!(
            "{{ .reg .pred %yes;",
            "setp.ne.u32 %yes, {answer}, 0;",
            "vote.sync.ballot.b32 {bits}, %yes, 0xffffffff; }}",
            bits = out(reg32) bits, answer = in(reg32) u32::from(says_yes), options(nostack),
        );
    }
    bits
}

/// Returns what the leader says to all lanes of the warp; ends the lane if a thread of the block
/// has met a fault.
///
/// A leader that ended says nothing, and a barrier of the warp does not wait for it: without this
/// its lanes would do the last word again and again, and the kernel would never be over.
#[inline(always)]
pub(super) fn agree(lane: u32, says: u32) -> u32 {
    match agree_unless_fault(lane, says) {
        Some(agreed) => agreed,
        None => fault::end_thread(),
    }
}

/// Returns what the leader says to all lanes of the warp, or that a thread of the block has met a
/// fault; all lanes that go on have the same answer.
#[inline(always)]
pub(super) fn agree_unless_fault(lane: u32, says: u32) -> Option<u32> {
    store_if(lane == 0, AGREED, says.into());
    warp_barrier();
    // No barrier orders what a leader did that has ended, the flag included, with what the others
    // read: a vote without it tells all of them the same.
    let is_led = ballot(lane == 0) != 0;
    if !is_led || block::has_fault() { None } else { Some(agreed()) }
}

/// Returns what the leader has said, once the lanes have met.
#[inline(always)]
fn agreed() -> u32 {
    let agreed = load(AGREED) as u32;
    warp_barrier();
    agreed
}

/// Makes what the host wrote before the values that this thread has loaded visible to it.
#[inline(always)]
pub(super) fn acquire() {
    // SAFETY: orders accesses; as it may read and write any memory, none moves across.
    unsafe { asm!("fence.acq_rel.sys;", options(nostack)) };
}
