//! One look at everything that a block waits for, by the lanes of its first warp.
//!
//! A load of mapped memory takes a round trip over PCIe, so what belongs together is loaded
//! together: a lane a cell. The leader then works on the copies ([`Loaded`](super::cells::Loaded)),
//! as old as the look.
#![allow(unsafe_code)]

use isokern_core::actor::MAILBOX_COUNT_MAX;
use isokern_core::ring::{CellValue, SharedCell};

use super::shared::{
    GRID_LINE, LOADED_LINES, LOADED_SLOTS, LOADED_TAILS, LOOKS, MAILBOXES, OWN_LINE, SLOTS, TAILS,
    TURNS, WHOLE, load, load_halves, store, store_if,
};
use super::warp::{acquire, ballot, warp_barrier};
use crate::registers;
use crate::words::SystemCell;

/// Lanes that load a line; one more loads final tails.
const LINE_LANES: u32 = 16;

/// Looks until there is news, as often as the leader's words say; every lane of the first warp
/// calls it. Returns whether there was news: a change of the lines, a whole message, or a closed
/// ring.
///
/// # Safety
///
/// The leader's words name lines and rings of mapped memory.
#[inline(never)]
pub(super) unsafe fn look(lane: u32) -> bool {
    let (looks, sleep_ns) = load_halves(LOOKS);
    for index in 0..looks {
        if index > 0 && sleep_ns > 0 {
            registers::sleep(sleep_ns);
        }
        // SAFETY: by this function's contract.
        if unsafe { look_once(lane) } {
            return true;
        }
    }
    false
}

/// Looks once.
///
/// # Safety
///
/// As for [`look`].
#[inline(always)]
unsafe fn look_once(lane: u32) -> bool {
    let in_line = lane % LINE_LANES;
    let is_first = lane < LINE_LANES;
    let line = load(if is_first { OWN_LINE } else { GRID_LINE });
    // SAFETY: by this function's contract, a line of 16 cells.
    let line = unsafe { SystemCell::at(line + u64::from(in_line) * 8) }.poll();
    let (mailboxes, cells) = load_halves(MAILBOXES);
    let mut slots = [CellValue::default(); MAILBOX_COUNT_MAX];
    for (index, value) in (0..mailboxes).zip(&mut slots) {
        let address = match is_first {
            true => load(SLOTS + index) + u64::from(in_line) * 8,
            false => load(TAILS + index),
        };
        // SAFETY: by this function's contract, a slot of at least 16 cells or a cell.
        *value = unsafe { SystemCell::at(address) }.poll();
    }
    // The leader has read what the last look left.
    warp_barrier();
    let before = load(LOADED_LINES + lane);
    let now = bits(line);
    store(LOADED_LINES + lane, now);
    let mut has_news = ballot(before != now) != 0;
    let mut whole = 0;
    for (index, value) in (0..mailboxes).zip(slots) {
        let turn = load(TURNS + index) as u32;
        // A lane past the message has nothing to wait for; those of the upper half see the tail.
        let is_here = match is_first {
            true => in_line >= cells || value.turn == turn,
            false => value.turn != 0,
        };
        let answers = ballot(is_here);
        whole |= u32::from(answers & 0xFFFF == 0xFFFF) << index;
        has_news |= answers >> LINE_LANES != 0;
        store_if(is_first, LOADED_SLOTS + index * LINE_LANES + in_line, bits(value));
        store_if(lane == LINE_LANES, LOADED_TAILS + index, bits(value));
    }
    store_if(lane == 0, WHOLE, whole.into());
    has_news |= whole != 0;
    if has_news {
        acquire();
    }
    warp_barrier();
    has_news
}

/// Returns a cell as its two words.
#[inline(always)]
const fn bits(value: CellValue) -> u64 {
    (value.turn as u64) << 32 | value.data as u64
}
