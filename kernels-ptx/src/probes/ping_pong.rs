//! Ping-pong between two blocks: what a hand-off through the device's memory takes, and
//! whether a payload always arrives before its flag.
#![allow(unsafe_code)]

use core::arch::asm;
use core::mem::offset_of;

use isokern_core::device::{PingPongLines, pattern};
use isokern_core::ring::SharedWord;

use super::{Instant, Output};
use isokern_device::registers;
use isokern_device::words::GpuWord;

/// Plays `rounds` rounds between blocks 0 and 1, with a payload of `words` words each way.
///
/// A side writes its payload with plain stores, then its flag with a releasing one; the other
/// waits for the flag with acquiring loads and then checks the payload, read with plain loads.
/// A stale word counts as a violation. A wait gives up after `tries` loads and its side ends;
/// `completed` counts the rounds of block 0, `observed` the loads of its waits.
///
/// # Safety
///
/// `lines` is a [`PingPongLines`] in memory of the device, zeroed, `output` a record. Blocks
/// must run at the same time, or both give up.
// SAFETY: the name is this crate's.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn isokern_probe_ping_pong(
    lines: u64,
    rounds: u32,
    words: u32,
    tries: u32,
    output: u64,
) {
    let side = registers::block();
    if registers::thread() != 0 || side > 1 {
        return;
    }
    // SAFETY: by this function's contract.
    let output = unsafe { Output::at(output) };
    let game = Game { lines, words: words.min(32), tries };
    let (mut completed, mut violations, mut loads) = (0_u64, 0_u64, 0_u64);
    let start = Instant::now();
    for round in 1..=rounds {
        if side == 0 {
            game.send(0, round);
        }
        let (arrived, tried) = game.wait(1 - side, round);
        loads += u64::from(tried);
        if !arrived {
            break;
        }
        violations += game.stale_words(1 - side, round);
        if side == 1 {
            game.send(1, round);
        }
        completed += 1;
    }
    output.add_violations(violations);
    if side == 0 {
        output.completed(completed, start);
        output.add_observed(loads);
    }
}

/// The lines two blocks play in.
struct Game {
    lines: u64,
    words: u32,
    tries: u32,
}

impl Game {
    /// Writes a side's payload and then its flag.
    fn send(&self, side: u32, round: u32) {
        for index in 0..self.words {
            // SAFETY: a word of this side's line, which the other does not read before the
            // flag of this round and not after that of its own answer.
            unsafe {
                asm!(
                    "st.global.u32 [{a}], {v};",
                    a = in(reg64) self.payload(side, index), v = in(reg32) pattern(round, index),
                    options(nostack),
                );
            }
        }
        self.flag(side).store_release(round);
    }

    /// Waits for a side's flag; whether it came, and after how many loads.
    fn wait(&self, side: u32, round: u32) -> (bool, u32) {
        for tried in 1..=self.tries {
            if self.flag(side).load_acquire() == round {
                return (true, tried);
            }
            // Rarely, and only where the other side is far back.
            if tried.is_multiple_of(1024) {
                registers::sleep(100);
            }
        }
        (false, self.tries)
    }

    /// Counts the words of a side's payload that are not of this round.
    fn stale_words(&self, side: u32, round: u32) -> u64 {
        let mut stale = 0;
        for index in 0..self.words {
            let value: u32;
            // SAFETY: a word of the other side's line; it writes no more until it is answered.
            unsafe {
                asm!(
                    "ld.global.u32 {v}, [{a}];",
                    a = in(reg64) self.payload(side, index), v = out(reg32) value,
                    options(nostack),
                );
            }
            stale += u64::from(value != pattern(round, index));
        }
        stale
    }

    fn flag(&self, side: u32) -> GpuWord {
        let offsets = [offset_of!(PingPongLines, flag_0), offset_of!(PingPongLines, flag_1)];
        let offset = if side == 0 { offsets[0] } else { offsets[1] };
        // SAFETY: a word of the lines the host owes.
        unsafe { GpuWord::at(self.lines + offset as u64) }
    }

    fn payload(&self, side: u32, index: u32) -> u64 {
        let lines = [offset_of!(PingPongLines, payload_0), offset_of!(PingPongLines, payload_1)];
        let line = if side == 0 { lines[0] } else { lines[1] };
        self.lines + line as u64 + u64::from(index) * 4
    }
}
