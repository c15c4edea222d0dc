//! Batch launches: how many blocks a batch is launched with, and where its bytes are.

use thiserror::Error;

use super::batch::BatchFlags;

/// Threads of a block that are planned where the device allows it.
pub const BATCH_THREADS: u32 = 256;

/// The boundary, in bytes, at which the model starts in shared memory, and arenas in
/// global memory.
pub const SHARED_ALIGN: u64 = 16;

/// Threads that are scheduled together: blocks are whole warps.
const WARP_THREADS: u32 = 32;

/// Registers a warp gets are rounded up to this many (CUDA programming guide, technical
/// specifications per compute capability: allocation unit 256, per warp).
const REGISTER_UNIT: u32 = 256;

/// The memory that a model needs on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFootprint {
    /// Bytes of the whole blob.
    pub model_bytes: u64,
    /// Bytes of arena.
    pub arena_bytes: u64,
}

/// The limits of a device and the loaded kernel; every number comes from the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceLimits {
    /// Streaming multiprocessors that the batch may use.
    pub multiprocessors: u32,
    /// Bytes of dynamic shared memory a block may ask for, opted in, less the kernel's
    /// static ones.
    pub shared_bytes_per_block: u32,
    /// Bytes of shared memory of one multiprocessor.
    pub shared_bytes_per_multiprocessor: u32,
    /// Bytes of shared memory the driver takes for each block, static ones included.
    pub shared_bytes_reserved: u32,
    /// Threads of one multiprocessor.
    pub threads_per_multiprocessor: u32,
    /// Registers of one block, and of one multiprocessor.
    pub registers: u32,
    /// Registers a thread of the kernel takes.
    pub registers_per_thread: u32,
    /// Most threads in a block of this kernel.
    pub threads_per_block: u32,
}

/// A launch of `isokern_batch` or `isokern_batch_all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLaunch {
    /// Blocks of the grid.
    pub blocks: u32,
    /// Threads of a block, whole warps.
    pub threads: u32,
    /// Bytes of dynamic shared memory per block.
    pub shared_bytes: u32,
    /// Where arena and model are.
    pub flags: BatchFlags,
    /// Bytes of arena per block, a multiple of [`SHARED_ALIGN`].
    pub arena_bytes: u64,
    /// Bytes of global memory for the arenas of all blocks; 0 if they are shared.
    pub scratch_bytes: u64,
}

/// Why no launch can be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LaunchPlanError {
    /// There is nothing to run.
    #[error("a batch of 0 samples needs no launch. Fix: return before planning")]
    NoSamples,
    /// Not even one warp fits.
    #[error(
        "a warp of {registers_per_thread} registers per thread does not fit the limits of this \
         device. Fix: pass the limits the driver reports for the loaded kernel"
    )]
    NoThreads {
        /// As given.
        registers_per_thread: u32,
    },
    /// The arenas of all blocks are more than an address space holds.
    #[error("{blocks} arenas of {arena_bytes} bytes are too much. Fix: use fewer blocks")]
    ScratchTooLarge {
        /// Blocks of the grid.
        blocks: u32,
        /// Bytes of one arena.
        arena_bytes: u64,
    },
}

/// Plans a launch of `sample_count` samples.
///
/// The arena goes to shared memory if it fits, the model beside it if that fits as well.
/// The grid has as many blocks as can run at once, at most one per sample: each then takes
/// several samples and copies the model once.
///
/// ```
/// use isokern_core::device::{BatchFlags, DeviceLimits, ModelFootprint, plan_batch};
///
/// let limits = DeviceLimits {
///     multiprocessors: 132,
///     shared_bytes_per_block: 232_448 - 32,
///     shared_bytes_per_multiprocessor: 233_472,
///     shared_bytes_reserved: 1024 + 32,
///     threads_per_multiprocessor: 2048,
///     registers: 65_536,
///     registers_per_thread: 96,
///     threads_per_block: 640,
/// };
/// let model = ModelFootprint { model_bytes: 40_000, arena_bytes: 16_000 };
/// let launch = plan_batch(&model, &limits, 1)?;
/// assert_eq!((launch.blocks, launch.threads, launch.shared_bytes), (1, 256, 56_000));
/// assert!(launch.flags.contains(BatchFlags::MODEL_SHARED));
/// # Ok::<(), isokern_core::device::LaunchPlanError>(())
/// ```
///
/// # Errors
///
/// [`LaunchPlanError`], if there is nothing to launch or the limits leave no room for it.
pub fn plan_batch(
    model: &ModelFootprint,
    limits: &DeviceLimits,
    sample_count: u64,
) -> Result<BatchLaunch, LaunchPlanError> {
    if sample_count == 0 {
        return Err(LaunchPlanError::NoSamples);
    }
    let threads = threads(limits)?;
    let (flags, shared_bytes) = placement(model, limits.shared_bytes_per_block);
    let resident = u64::from(blocks_per_multiprocessor(limits, threads, shared_bytes))
        .saturating_mul(limits.multiprocessors.max(1).into());
    // The first dimension of a grid ends at 2^31 - 1 blocks.
    let blocks = resident.min(sample_count).min(i32::MAX as u64) as u32;
    let arena_bytes = aligned(model.arena_bytes);
    let scratch_bytes = if flags.contains(BatchFlags::ARENA_SHARED) {
        0
    } else {
        let total = arena_bytes.checked_mul(blocks.into());
        total.ok_or(LaunchPlanError::ScratchTooLarge { blocks, arena_bytes })?
    };
    Ok(BatchLaunch { blocks, threads, shared_bytes, flags, arena_bytes, scratch_bytes })
}

/// Returns whole warps, at most [`BATCH_THREADS`].
fn threads(limits: &DeviceLimits) -> Result<u32, LaunchPlanError> {
    let by_registers = (limits.registers / warp_registers(limits)).saturating_mul(WARP_THREADS);
    let threads = BATCH_THREADS
        .min(limits.threads_per_block)
        .min(limits.threads_per_multiprocessor)
        .min(by_registers);
    let whole = threads / WARP_THREADS * WARP_THREADS;
    if whole == 0 {
        let registers_per_thread = limits.registers_per_thread;
        return Err(LaunchPlanError::NoThreads { registers_per_thread });
    }
    Ok(whole)
}

/// Registers that one warp takes.
const fn warp_registers(limits: &DeviceLimits) -> u32 {
    let registers = limits.registers_per_thread.saturating_mul(WARP_THREADS);
    let units = registers.div_ceil(REGISTER_UNIT);
    if units == 0 { REGISTER_UNIT } else { units.saturating_mul(REGISTER_UNIT) }
}

/// Returns what fits shared memory, and the bytes of it.
fn placement(model: &ModelFootprint, room: u32) -> (BatchFlags, u32) {
    let fits = |bytes: Option<u64>| {
        let bytes = u32::try_from(bytes?).ok()?;
        (bytes <= room).then_some(bytes)
    };
    let arena = aligned(model.arena_bytes);
    if let Some(bytes) = fits(arena.checked_add(model.model_bytes)) {
        return (BatchFlags::ARENA_SHARED.with(BatchFlags::MODEL_SHARED), bytes);
    }
    if let Some(bytes) = fits(Some(arena)) {
        return (BatchFlags::ARENA_SHARED, bytes);
    }
    fits(Some(model.model_bytes)).map_or((BatchFlags::NONE, 0), |b| (BatchFlags::MODEL_SHARED, b))
}

/// Blocks that run on one multiprocessor at once, at least 1.
fn blocks_per_multiprocessor(limits: &DeviceLimits, threads: u32, shared_bytes: u32) -> u32 {
    let warps = threads / WARP_THREADS;
    let block_registers = warp_registers(limits).saturating_mul(warps).max(1);
    let block_shared = shared_bytes.saturating_add(limits.shared_bytes_reserved).max(1);
    (limits.registers / block_registers)
        .min(limits.shared_bytes_per_multiprocessor / block_shared)
        .min(limits.threads_per_multiprocessor / threads)
        .max(1)
}

/// Returns `bytes` rounded up to [`SHARED_ALIGN`].
const fn aligned(bytes: u64) -> u64 {
    match bytes.checked_next_multiple_of(SHARED_ALIGN) {
        Some(bytes) => bytes,
        None => u64::MAX - (SHARED_ALIGN - 1),
    }
}

#[cfg(test)]
#[path = "launch_tests.rs"]
mod tests;
