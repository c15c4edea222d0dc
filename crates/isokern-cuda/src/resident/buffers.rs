//! Pools of buffers in mapped memory: the lender is on the host, the borrower is an actor of the
//! device.
#![allow(unsafe_code)]

use core::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use isokern_core::actor::{LentBuffers, NoBuffers};
use isokern_core::ring::{BufferHandle, LINE_BYTES, PoolLayout, PoolRegion, SharedWord};

use super::error::ResidentError;
use super::grid::Grid;

/// The reserve for pools.
#[derive(Debug)]
pub(super) struct Pools {
    start: u64,
    bytes: u64,
    used: Mutex<u64>,
}

impl Pools {
    /// Returns the reserve of so many bytes at an offset.
    pub(super) const fn new(start: u64, bytes: u64) -> Self {
        let bytes = bytes.next_multiple_of(LINE_BYTES as u64);
        Self { start, bytes, used: Mutex::new(0) }
    }

    /// Takes so many bytes, a multiple of 128, and returns where they are.
    fn take(&self, asked: u64) -> Result<u64, ResidentError> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.bytes - *used;
        if asked > free {
            return Err(ResidentError::ReserveFull { what: "pools", asked, free });
        }
        let at = self.start + *used;
        *used += asked;
        Ok(at)
    }
}

/// The lender's part of a pool: `isokern_ring::region_lender` makes the lender of it.
#[derive(Debug)]
pub struct MappedRegion {
    #[expect(dead_code, reason = "it is kept alive")]
    grid: Arc<Grid>,
    start: NonNull<u8>,
    layout: PoolLayout,
    number: u32,
}

// SAFETY: the memory is used as the contract of `PoolRegion` says, from any thread.
unsafe impl Send for MappedRegion {}
// SAFETY: as above.
unsafe impl Sync for MappedRegion {}

// SAFETY: the bytes are a reserve's, taken once, zeroed with it, and there as long as the grid,
// which this keeps; the borrower's words are written by the device and by `CudaBuffers`.
unsafe impl PoolRegion for MappedRegion {
    fn start(&self) -> NonNull<u8> {
        self.start
    }

    fn layout(&self) -> PoolLayout {
        self.layout
    }

    fn number(&self) -> u32 {
        self.number
    }
}

/// The borrower's part of a pool, for the plan of one actor
/// ([`ActorPlan::with_buffers`](isokern_core::actor::ActorPlan::with_buffers)).
///
/// The device works in the buffers; on the host every handle is foreign. Dropped, or when the actor
/// is over, it leaves every buffer to the lender.
#[derive(Debug)]
pub struct CudaBuffers {
    grid: Arc<Grid>,
    at: u64,
    layout: PoolLayout,
    number: u32,
    is_ordered: bool,
}

impl CudaBuffers {
    /// Returns whether the pool is of this grid.
    pub(super) fn is_of(&self, grid: &Arc<Grid>) -> bool {
        Arc::ptr_eq(&self.grid, grid)
    }

    /// Returns what an order says of the pool: its address, layout and number.
    pub(super) fn order(&self) -> (u64, PoolLayout, u32) {
        (self.grid.blocks().mapped().address(self.at), self.layout, self.number)
    }

    /// Returns where the pool is in mapped memory.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Leaves the borrower's part to a block, whose end says when it is gone.
    pub(super) fn leave_to_block(mut self) {
        self.is_ordered = true;
    }
}

impl Drop for CudaBuffers {
    fn drop(&mut self) {
        let gone = self.grid.blocks().mapped().word(self.at + PoolLayout::BORROWER_GONE_AT);
        if let Some(word) = gone.filter(|_| !self.is_ordered) {
            word.store_release(1);
        }
    }
}

impl LentBuffers for CudaBuffers {
    fn bytes(&mut self, _: BufferHandle) -> Option<&mut [u8]> {
        None
    }

    fn give_back(&mut self, _: BufferHandle) -> bool {
        false
    }
}

/// The buffers of an actor that a [`CudaHost`](super::CudaHost) runs: [`CudaBuffers`] or
/// [`NoBuffers`]. Sealed.
pub trait HostBuffers: LentBuffers + sealed::Sealed {
    /// Returns the borrower's part of a pool; `None` for an actor that is lent no buffers.
    fn into_pool(self) -> Option<CudaBuffers>;
}

impl HostBuffers for NoBuffers {
    fn into_pool(self) -> Option<CudaBuffers> {
        None
    }
}

impl HostBuffers for CudaBuffers {
    fn into_pool(self) -> Option<CudaBuffers> {
        Some(self)
    }
}

mod sealed {
    //! Keeps the buffers to those of this file.

    /// Implemented for the buffers of this file.
    pub trait Sealed {}

    impl Sealed for super::CudaBuffers {}
    impl Sealed for isokern_core::actor::NoBuffers {}
}

/// Makes a pool in the reserve of a grid.
pub(super) fn make(
    grid: &Arc<Grid>,
    buffer_bytes: u32,
    count: u32,
    number: u32,
) -> Result<(MappedRegion, CudaBuffers), ResidentError> {
    if buffer_bytes == 0 || count == 0 {
        return Err(ResidentError::EmptyPool);
    }
    let layout = PoolLayout::new(count, buffer_bytes);
    let at = grid.pools().take(layout.bytes())?;
    let start = grid.blocks().mapped().start(at, layout.bytes());
    let (what, asked) = ("pools", layout.bytes());
    let start = start.ok_or(ResidentError::ReserveFull { what, asked, free: 0 })?;
    let region = MappedRegion { grid: Arc::clone(grid), start, layout, number };
    let grid = Arc::clone(grid);
    Ok((region, CudaBuffers { grid, at, layout, number, is_ordered: false }))
}
