//! The words that the ranks of a resident block share.
//!
//! Plain accesses: a word is written by one rank and read by others after a barrier, of the block
//! or of the first warp.
#![allow(unsafe_code)]

use core::arch::{asm, global_asm};

use isokern_core::device::TASK_MODELS_MAX;

global_asm!(".shared .align 8 .b8 isokern_words[1536];");

/// What the host's clock is ahead of the device's timer, in ns.
pub(super) const AHEAD: u32 = 0;
/// How many crew calls were posted.
pub(super) const POSTED: u32 = 1;
/// Two crew calls, each {kind, key} and an argument; they take turns.
pub(super) const CALLS: u32 = 2;
/// The model that the block runs: address, bytes, arena, state, staging.
pub(super) const MODEL: u32 = 6;
/// The key of the resident whose handler waits for the crew, 0 for none; then the argument, and
/// afterwards the result.
pub(super) const WANTED: u32 = 28;
pub(super) const RESULT: u32 = 29;
/// Bytes of the model's inputs and of its outputs.
pub(super) const SIZES: u32 = 31;
/// What the leader says to its warp.
pub(super) const AGREED: u32 = 30;
/// The line whose cells the first half of a warp loads, and the grid line for the second.
pub(super) const OWN_LINE: u32 = 11;
pub(super) const GRID_LINE: u32 = 12;
/// {mailboxes, cells of a message in the first line}.
pub(super) const MAILBOXES: u32 = 13;
/// {looks, ns between two}.
pub(super) const LOOKS: u32 = 14;
/// A bit for each mailbox of which the last look has a whole message.
pub(super) const WHOLE: u32 = 15;
/// Of each mailbox: the slot to look at, the final tail, the turn that is due.
pub(super) const SLOTS: u32 = 16;
pub(super) const TAILS: u32 = 20;
pub(super) const TURNS: u32 = 24;
/// What was loaded: the two lines, the first lines of four slots, four final tails.
pub(super) const LOADED_LINES: u32 = 32;
pub(super) const LOADED_SLOTS: u32 = 64;
pub(super) const LOADED_TAILS: u32 = 128;
/// Of the task in hand: its payload, what the crew is to do next, and whether its place is held.
pub(super) const PAYLOAD: u32 = 132;
pub(super) const NEXT: u32 = 133;
pub(super) const HELD: u32 = 134;
/// The models that tasks run: {models, places}, {streams, 0}, the six addresses and strides of
/// `TaskModels`, and of each model its address, its bytes and where it is copied from.
pub(super) const TABLE: u32 = 135;

/// How many crew calls the first rank of the crew has come back from ([`watch`], [`tell`]).
pub(super) const BACK: u32 = TABLE + 8 + 3 * TASK_MODELS_MAX as u32;

/// Reads a word that another rank may write at this moment.
#[inline(always)]
pub(super) fn watch(index: u32) -> u64 {
    let value: u64;
    // SAFETY: `place` is inside of the block's own words.
    unsafe {
        asm!(
            "ld.relaxed.cta.shared.u64 {v}, [{a}];",
            v = out(reg64) value, a = in(reg64) place(index), options(nostack),
        );
    }
    value
}

/// Writes a word that another rank may read at this moment.
#[inline(always)]
pub(super) fn tell(index: u32, value: u64) {
    // SAFETY: as above.
    unsafe {
        asm!(
            "st.relaxed.cta.shared.u64 [{a}], {v};",
            a = in(reg64) place(index), v = in(reg64) value, options(nostack),
        );
    }
}

/// Reads a word.
#[inline(always)]
pub(super) fn load(index: u32) -> u64 {
    let value: u64;
    // SAFETY: `place` is inside of the block's own words.
    unsafe {
        asm!(
            "ld.shared.u64 {v}, [{a}];",
            v = out(reg64) value, a = in(reg64) place(index), options(nostack),
        );
    }
    value
}

/// Writes a word.
#[inline(always)]
pub(super) fn store(index: u32, value: u64) {
    // SAFETY: as above.
    unsafe {
        asm!(
            "st.shared.u64 [{a}], {v};",
            a = in(reg64) place(index), v = in(reg64) value, options(nostack),
        );
    }
}

/// Writes a word where `is_wanted` says so; without a branch, so that the lanes of a warp stay
/// together.
#[inline(always)]
pub(super) fn store_if(is_wanted: bool, index: u32, value: u64) {
    // SAFETY: as above.
    unsafe {
        asm!(
            "{{ .reg .pred %wanted;",
            "setp.ne.u32 %wanted, {w}, 0;",
            "@%wanted st.shared.u64 [{a}], {v}; }}",
            w = in(reg32) u32::from(is_wanted), a = in(reg64) place(index), v = in(reg64) value,
            options(nostack),
        );
    }
}

/// Reads a word as its lower and its upper half.
#[inline(always)]
pub(super) fn load_halves(index: u32) -> (u32, u32) {
    let both = load(index);
    (both as u32, (both >> 32) as u32)
}

/// Writes a word of two halves.
#[inline(always)]
pub(super) fn store_halves(index: u32, low: u32, high: u32) {
    store(index, u64::from(high) << 32 | u64::from(low));
}

/// Returns the address of a word, of which there are 192.
#[inline(always)]
fn place(index: u32) -> u64 {
    let start: u64;
    // SAFETY: computes an address.
    unsafe {
        asm!(
            "mov.u64 {start}, isokern_words;",
            start = out(reg64) start,
            options(pure, nomem, nostack),
        );
    }
    start + u64::from(index % 192) * 8
}
