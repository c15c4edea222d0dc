//! What the threads of a block share: its state, and the dynamic part of shared memory.
#![allow(unsafe_code)]

use core::arch::{asm, global_asm};

// The state of the block: 0 address of the fault record (8 bytes), 8 sample (8 bytes),
// 16 whether a thread has met a fault (4 bytes), 20 what it is at (4 bytes).
// Then what a launch adds.
// The pragma keeps the assembler from unrolling loops a second time, which takes most of a
// thread's registers.
global_asm!(
    ".pragma \"nounroll\";",
    ".shared .align 8 .b8 isokern_block[24];",
    ".extern .shared .align 16 .b8 isokern_dynamic[];"
);

/// Writes the state of a block that starts; by one thread, before a barrier.
#[inline(always)]
pub fn open(fault_record: u64) {
    // SAFETY: writes the block's own words, which nothing else of Rust knows.
    unsafe {
        asm!(
            "st.relaxed.cta.shared.u64 [isokern_block], {record};",
            "st.relaxed.cta.shared.u64 [isokern_block+8], 0;",
            "st.relaxed.cta.shared.u32 [isokern_block+16], 0;",
            "st.relaxed.cta.shared.u32 [isokern_block+20], 0;",
            record = in(reg64) fault_record,
            options(nostack),
        );
    }
}

/// Returns the address of the fault record; 0 if there is none.
#[inline(always)]
pub fn fault_record() -> u64 {
    let record: u64;
    // SAFETY: reads a word of the block.
    unsafe {
        asm!(
            "ld.relaxed.cta.shared.u64 {record}, [isokern_block];",
            record = out(reg64) record,
            options(nostack),
        );
    }
    record
}

/// Notes the sample the block is at, for its fault record.
#[inline(always)]
pub fn set_sample(sample: u64) {
    // SAFETY: writes a word of the block.
    unsafe {
        asm!(
            "st.relaxed.cta.shared.u64 [isokern_block+8], {sample};",
            sample = in(reg64) sample,
            options(nostack),
        );
    }
}

/// Returns the sample the block is at.
#[inline(always)]
pub fn sample() -> u64 {
    let sample: u64;
    // SAFETY: reads a word of the block.
    unsafe {
        asm!(
            "ld.relaxed.cta.shared.u64 {sample}, [isokern_block+8];",
            sample = out(reg64) sample,
            options(nostack),
        );
    }
    sample
}

/// Returns whether a thread of this block has met a fault.
#[inline(always)]
pub fn has_fault() -> bool {
    let raised: u32;
    // SAFETY: reads a word of the block.
    unsafe {
        asm!(
            "ld.relaxed.cta.shared.u32 {raised}, [isokern_block+16];",
            raised = out(reg32) raised,
            options(nostack),
        );
    }
    raised != 0
}

/// Raises the block's flag; `true` for the first thread to do so.
#[inline(always)]
pub fn raise_fault() -> bool {
    let before: u32;
    // SAFETY: changes a word of the block.
    unsafe {
        asm!(
            "atom.acq_rel.cta.shared.cas.b32 {before}, [isokern_block+16], 0, 1;",
            before = out(reg32) before,
            options(nostack),
        );
    }
    before == 0
}

/// Returns the start of the block's dynamic shared memory, aligned to 16; how long it is says
/// [`registers::dynamic_shared_bytes`](crate::registers::dynamic_shared_bytes).
#[inline(always)]
pub fn dynamic() -> *mut u8 {
    let start: *mut u8;
    // SAFETY: computes an address.
    unsafe {
        asm!(
            "mov.u64 {start}, isokern_dynamic;",
            "cvta.shared.u64 {start}, {start};",
            start = out(reg64) start,
            options(pure, nomem, nostack),
        );
    }
    start
}

/// Returns where [`dynamic`] starts inside shared memory: an address for `.shared` instructions.
#[inline(always)]
pub fn dynamic_offset() -> u64 {
    let start: u64;
    // SAFETY: computes an address.
    unsafe {
        asm!(
            "mov.u64 {start}, isokern_dynamic;",
            start = out(reg64) start,
            options(pure, nomem, nostack),
        );
    }
    start
}

/// What a block of a resident kernel is at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is one of a batch, of no resident kernel.
    Batch = 0,
    /// It waits for orders, or runs an actor: a fault is its end.
    Actor = 1,
    /// It works for a megakernel: after a fault, a lane ends the task in hand before the block says
    /// its end.
    Worker = 2,
}

/// Notes what the block is at; by the thread that opened it.
#[inline(always)]
pub fn set_role(role: Role) {
    // SAFETY: writes a word of the block.
    unsafe {
        asm!(
            "st.relaxed.cta.shared.u32 [isokern_block+20], {role};",
            role = in(reg32) role as u32,
            options(nostack),
        );
    }
}

/// Returns what the block is at.
#[inline(always)]
pub fn role() -> Role {
    let role: u32;
    // SAFETY: reads a word of the block.
    unsafe {
        asm!(
            "ld.relaxed.cta.shared.u32 {role}, [isokern_block+20];",
            role = out(reg32) role,
            options(nostack),
        );
    }
    match role {
        0 => Role::Batch,
        2 => Role::Worker,
        _ => Role::Actor,
    }
}
