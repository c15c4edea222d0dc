//! Probes: small kernels that measure a device or try to catch it out.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

/// The names of all probes. Their parameters are in the device crate's README.
pub const PROBE_ENTRIES: [&str; 5] = [
    "isokern_probe_chase",
    "isokern_probe_shared_chase",
    "isokern_probe_cells",
    "isokern_probe_barrier",
    "isokern_probe_ping_pong",
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
    use super::{cell_data, pattern};

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
