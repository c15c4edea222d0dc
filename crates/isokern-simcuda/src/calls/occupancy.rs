//! The exported calls that ask how many blocks fit.

use crate::calls::launch::LaunchConfig;
use crate::driver::device::sizes;
use crate::driver::entry::{Session, calls};
use crate::driver::host_function::{SharedOfBlock, shared_of_block};
use crate::driver::occupancy::{Need, best_block};
use crate::driver::pointers::{In, Out};
use crate::driver::status::{Outcome, Status};

/// The flag that asks not to count caching in L1, which changes nothing here.
const FLAGS: u32 = 1;

fn active_blocks(
    session: &Session,
    blocks: Out<i32>,
    function: u64,
    threads: i32,
    dynamic: usize,
) -> Outcome {
    session.context()?;
    let threads = positive(threads)?;
    let need = session.need(function, threads, dynamic as u64)?;
    let allowed = threads <= session.most_threads(function)?;
    let count = if allowed { need.blocks(sizes(session.settings.sm)) } else { 0 };
    blocks.put(count.cast_signed())
}

/// The arguments of the search for the best block, in the order of the call.
struct Search {
    grid: Out<i32>,
    block: Out<i32>,
    function: u64,
    shared: SharedOfBlock,
    dynamic: usize,
    limit: i32,
}

fn potential_block(session: &mut Session, search: &Search) -> Outcome {
    session.context()?;
    search.grid.check()?;
    search.block.check()?;
    let limit = u32::try_from(search.limit).map_err(|_| Status::INVALID_VALUE)?;
    let device = sizes(session.settings.sm);
    let most = session.most_threads(search.function)?;
    let most = if limit == 0 { most } else { most.min(limit) };
    let base = session.need(search.function, most, 0)?;
    let need = |threads| {
        let dynamic = shared_of_block(search.shared, threads, search.dynamic) as u64;
        Need { threads, shared: base.shared + dynamic, ..base }
    };
    let best = best_block(device, session.settings.multiprocessors, most, need);
    let (threads, blocks) = best.ok_or(Status::INVALID_VALUE)?;
    search.grid.put(blocks.cast_signed())?;
    search.block.put(threads.cast_signed())
}

fn positive(value: i32) -> Outcome<u32> {
    u32::try_from(value).ok().filter(|value| *value > 0).ok_or(Status::INVALID_VALUE)
}

calls! {
    /// Blocks of a kernel that a multiprocessor holds.
    fn cuOccupancyMaxActiveBlocksPerMultiprocessor(
        session,
        blocks: Out<i32>,
        function: u64,
        threads: i32,
        dynamic: usize,
    ) {
        active_blocks(session, blocks, function, threads, dynamic)
    }

    /// Blocks of a kernel that a multiprocessor holds.
    fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        session,
        blocks: Out<i32>,
        function: u64,
        threads: i32,
        dynamic: usize,
        flags: u32,
    ) {
        if flags & !FLAGS != 0 {
            return Err(Status::INVALID_VALUE);
        }
        active_blocks(session, blocks, function, threads, dynamic)
    }

    /// Returns the block size with the most resident threads, and the blocks that fill the device.
    fn cuOccupancyMaxPotentialBlockSize(
        session,
        grid: Out<i32>,
        block: Out<i32>,
        function: u64,
        shared: SharedOfBlock,
        dynamic: usize,
        limit: i32,
    ) {
        potential_block(session, &Search { grid, block, function, shared, dynamic, limit })
    }

    /// Returns the block size with the most resident threads, and the blocks that fill the device.
    fn cuOccupancyMaxPotentialBlockSizeWithFlags(
        session,
        grid: Out<i32>,
        block: Out<i32>,
        function: u64,
        shared: SharedOfBlock,
        dynamic: usize,
        limit: i32,
        flags: u32,
    ) {
        if flags & !FLAGS != 0 {
            return Err(Status::INVALID_VALUE);
        }
        potential_block(session, &Search { grid, block, function, shared, dynamic, limit })
    }

    /// Returns the largest dynamic shared memory with which a multiprocessor holds so many blocks.
    fn cuOccupancyAvailableDynamicSMemPerBlock(
        session,
        dynamic: Out<usize>,
        function: u64,
        blocks: i32,
        threads: i32,
    ) {
        session.context()?;
        let need = session.need(function, positive(threads)?, 0)?;
        let bytes = need.dynamic_for(positive(blocks)?, sizes(session.settings.sm))?;
        dynamic.put(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// Gives the clusters of a kernel that the device holds: it has none.
    fn cuOccupancyMaxActiveClusters(
        session,
        _count: Out<i32>,
        function: u64,
        _config: In<LaunchConfig>,
    ) {
        session.context()?;
        session.function(function)?;
        Err(session.not_supported("clusters"))
    }

    /// Returns the largest cluster of a kernel: the device has none.
    fn cuOccupancyMaxPotentialClusterSize(
        session,
        _size: Out<i32>,
        function: u64,
        _config: In<LaunchConfig>,
    ) {
        session.context()?;
        session.function(function)?;
        Err(session.not_supported("clusters"))
    }
}
