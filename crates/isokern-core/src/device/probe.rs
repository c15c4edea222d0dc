//! Probes: small kernels that measure a device or try to catch it out.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

/// The names of all probes. Their parameters are in the device crate's README.
pub const PROBE_ENTRIES: [&str; 6] = [
    "isokern_probe_chase",
    "isokern_probe_shared_chase",
    "isokern_probe_cells",
    "isokern_probe_barrier",
    "isokern_probe_ping_pong",
    "isokern_probe_ring_echo",
];

/// The result of a probe: 64 bytes, aligned to 8, zeroed by the host.
///
/// A probe that waits gives up after a number of tries the host sets, so that nothing
/// hangs; `completed` then stays below what was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ProbeRecord {
    /// Steps or rounds that came to an end.
    pub completed: u64,
    /// Observations the memory model rules out: torn cells, stale payloads. 0 is right.
    pub violations: u64,
    /// Cycles of the multiprocessor's clock, for all that was completed.
    pub cycles: u64,
    /// The same in nanoseconds of the device's timer, whose resolution may be 1 µs.
    pub nanoseconds: u64,
    /// Tries that waits took, or distinct values a reader saw: how much of a race there was.
    pub observed: u64,
    /// Where a chase ended, so that nobody can skip it.
    pub last: u64,
    /// Zero.
    pub reserved: [u64; 2],
}

const _: () = {
    assert!(size_of::<ProbeRecord>() == 64);
    assert!(align_of::<ProbeRecord>() == 8);
    assert!(offset_of!(ProbeRecord, violations) == 8);
    assert!(offset_of!(ProbeRecord, cycles) == 16);
    assert!(offset_of!(ProbeRecord, nanoseconds) == 24);
    assert!(offset_of!(ProbeRecord, observed) == 32);
    assert!(offset_of!(ProbeRecord, last) == 40);
};

/// The memory two blocks play ping-pong in: zeroed, aligned to 128.
///
/// Each side writes its own line of payload and then its own flag, and reads the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PingPongLines {
    /// Round of side 0, then zeros: a line of its own.
    pub flag_0: [u32; 32],
    /// Round of side 1.
    pub flag_1: [u32; 32],
    /// Payload of side 0.
    pub payload_0: [u32; 32],
    /// Payload of side 1.
    pub payload_1: [u32; 32],
}

const _: () = {
    assert!(size_of::<PingPongLines>() == 512);
    assert!(offset_of!(PingPongLines, flag_1) == 128);
    assert!(offset_of!(PingPongLines, payload_0) == 256);
    assert!(offset_of!(PingPongLines, payload_1) == 384);
};

/// Slots of the mailbox that the probe `ring_echo` answers; each has one line.
pub const ECHO_SLOTS: usize = 4;

/// Words of a payload beside a question to `ring_echo`: a line.
pub const ECHO_WORDS: usize = 32;

/// A question to the probe `ring_echo`: 32 bytes, and a payload that is elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct EchoQuestion {
    /// Whatever the asker likes; it comes back.
    pub number: u32,
    /// Which line of payloads is meant, below [`ECHO_SLOTS`].
    pub line: u32,
    /// Words of the payload, at most [`ECHO_WORDS`].
    pub words: u32,
    /// Part of the question itself.
    pub inline: [u32; 5],
}

/// The answer of `ring_echo`: 32 bytes. In the payload, [`echoed`] words are then in place of those
/// that were there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct EchoReply {
    /// That of the question.
    pub number: u32,
    /// The payload as it was found, [`folded`] word by word, from 0.
    pub payload: u32,
    /// How many questions were answered before.
    pub answered: u32,
    /// The question's, each [`echoed`].
    pub inline: [u32; 5],
}

const _: () = {
    assert!(size_of::<EchoQuestion>() == 32);
    assert!(size_of::<EchoReply>() == 32);
};

/// Returns what a word comes back as.
#[inline]
#[must_use]
pub const fn echoed(word: u32) -> u32 {
    !word.rotate_left(7)
}

/// Returns one number of all words before and another: which words, and in which order.
#[inline]
#[must_use]
pub const fn folded(before: u32, word: u32) -> u32 {
    (before ^ word).wrapping_mul(0x9E37_79B1).rotate_left(15)
}

/// Why `ring_echo` ended, in `last` of its record.
pub const ECHO_CLOSED: u64 = 1;
/// The host's line asked for it.
pub const ECHO_STOPPED: u64 = 2;
/// It looked in vain as often as it was allowed to.
pub const ECHO_TIRED: u64 = 3;

/// Returns the word at `index` of a payload that belongs to `round`: never the same in two
/// neighbouring rounds.
#[inline]
#[must_use]
pub const fn pattern(round: u32, index: u32) -> u32 {
    let mixed = round.wrapping_mul(0x9E37_79B9) ^ index.wrapping_mul(0x85EB_CA6B);
    mixed ^ mixed >> 15
}

/// Returns the data that belongs to `turn` in the cell litmus: any mix of two turns is seen.
///
/// ```
/// use isokern_core::device::cell_data;
///
/// assert_eq!(cell_data(0), 0); // memory that was never written is no violation
/// assert!((1..1000).all(|turn| cell_data(turn) != cell_data(turn - 1)));
/// ```
#[inline]
#[must_use]
pub const fn cell_data(turn: u32) -> u32 {
    turn.wrapping_mul(0x9E37_79B1)
}

#[cfg(test)]
mod tests {
    use super::{cell_data, echoed, folded, pattern};

    #[test]
    fn an_echo_tells_words_and_their_order_apart() {
        assert_eq!(echoed(0x8000_0001), !0x0000_00C0);
        let words = [3, 1, 4, 1, 5];
        let whole = words.into_iter().fold(0, folded);
        for index in 1..5 {
            let mut other = words;
            other.swap(index - 1, index);
            assert_ne!(other.into_iter().fold(0, folded), whole, "{other:?}");
            other = words;
            other[index] = 0;
            assert_ne!(other.into_iter().fold(0, folded), whole, "{other:?}");
        }
    }

    #[test]
    fn neighbouring_rounds_differ_in_every_word() {
        for round in 1..2000 {
            for index in 0..32 {
                assert_ne!(pattern(round, index), pattern(round - 1, index));
            }
        }
    }

    #[test]
    fn no_two_of_many_turns_share_their_data() {
        let mut seen: std::vec::Vec<u32> = (0..5000).map(cell_data).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 5000);
    }
}
