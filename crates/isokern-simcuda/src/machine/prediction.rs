//! How many cycles a block might take on a GPU: a model over counts, **not measured**, and
//! validated by nothing. Rank designs with it; quote no time from it.
//!
//! | what a warp waits for | cycles |
//! |---|--:|
//! | the result of arithmetic | 4 |
//! | shared memory | 29 |
//! | its own (local) memory, in L1 | 41 |
//! | global memory, in L2 | 263 |
//!
//! Latencies of an H100 as published: Luo and others, *Benchmarking and Dissecting the Nvidia
//! Hopper GPU Architecture via Microbenchmarking*, arXiv 2402.13499. The most is that no wait of a
//! warp overlaps another of the same warp; the least is half of that, or what four schedulers can
//! issue, shared memory can pass and the way to L2 can carry (64 bytes a cycle), if that is more.

use super::profile::Counts;

/// Cycles from an operation to one that needs its result.
pub const ARITHMETIC: u64 = 4;
/// Cycles of a load of shared memory.
pub const SHARED: u64 = 29;
/// Cycles of a load of local memory that hits L1.
pub const LOCAL: u64 = 41;
/// Cycles of a load of global memory that hits L2.
pub const GLOBAL: u64 = 263;

/// Schedulers of a multiprocessor, each of which issues one instruction a cycle.
const SCHEDULERS: u64 = 4;
/// Sectors a cycle between L2 and a multiprocessor.
const SECTORS: u64 = 2;

/// A range of cycles; not measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prediction {
    /// The least.
    pub least: u64,
    /// The most; at least twice the least, unless throughput decides.
    pub most: u64,
}

/// Returns what a block of some warps, alone on a multiprocessor, might take for what was counted.
#[must_use]
pub const fn predict(counts: &Counts, warps: u64) -> Prediction {
    let warps = if warps == 0 { 1 } else { warps };
    let waits = counts.warp_instructions * ARITHMETIC
        + counts.shared_requests * SHARED
        + counts.local_requests * LOCAL
        + counts.global_requests * GLOBAL;
    let alone = waits / warps;
    let throughput = max(
        max(counts.warp_instructions / SCHEDULERS, counts.shared_passes),
        counts.global_sectors / SECTORS,
    );
    let least = max(alone / 2, throughput);
    Prediction { least, most: max(alone, 2 * least) }
}

const fn max(one: u64, other: u64) -> u64 {
    if one > other { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::super::profile::Counts;
    use super::predict;

    #[test]
    fn waiting_or_throughput_decides() {
        let mut counts = Counts { warp_instructions: 800, ..Counts::default() };
        let alone = predict(&counts, 8);
        assert_eq!((alone.least, alone.most), (200, 400), "800 / 8 * 4, and 800 / 4 to issue");
        counts.global_requests = 80;
        assert_eq!(predict(&counts, 8).most, 400 + 2630);
        counts.global_sectors = 10_000;
        let carried = predict(&counts, 8);
        assert_eq!((carried.least, carried.most), (5000, 10_000));
    }
}
