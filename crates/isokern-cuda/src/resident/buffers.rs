//! Pools of buffers in mapped memory: the lender is on the host, the borrower is an actor of the
//! device.
#![allow(unsafe_code)]

use core::ptr::NonNull;
use std::sync::Arc;

use isokern_core::actor::{LentBuffers, NoBuffers};
use isokern_core::ring::{BufferHandle, PoolLayout, PoolRegion, SharedWord};

use super::error::ResidentError;
use super::grid::Grid;
use super::pools::PoolPlace;

/// The lender's part of a pool: `isokern_ring::region_lender` makes the lender of it.
#[derive(Debug)]
pub struct MappedRegion {
    #[expect(dead_code, reason = "it is kept alive")]
    grid: Arc<Grid>,
    #[expect(dead_code, reason = "it is taken until both parts of the pool are gone")]
    place: Arc<PoolPlace>,
    start: NonNull<u8>,
    layout: PoolLayout,
    number: u32,
}

// SAFETY: the memory is used as the contract of `PoolRegion` says, from any thread.
unsafe impl Send for MappedRegion {}
// SAFETY: as above.
unsafe impl Sync for MappedRegion {}

// SAFETY: the bytes are a reserve's, taken by this pool until both of its parts are gone, zeroed
// when they are taken, and there as long as the grid, which this keeps; the borrower's words are
// written by the device and by `CudaBuffers`.
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
/// is over, it leaves every buffer to the lender. When that is gone as well, the reserve has the
/// pool's memory back.
#[derive(Debug)]
pub struct CudaBuffers {
    grid: Arc<Grid>,
    place: Arc<PoolPlace>,
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
        (self.grid.blocks().mapped().address(self.place.at()), self.layout, self.number)
    }

    /// Returns the pool's place in mapped memory.
    pub(super) const fn place(&self) -> &Arc<PoolPlace> {
        &self.place
    }

    /// Leaves the borrower's part to a block, whose end says when it is gone.
    pub(super) fn leave_to_block(mut self) {
        self.is_ordered = true;
    }
}

impl Drop for CudaBuffers {
    fn drop(&mut self) {
        let gone = self.grid.blocks().mapped().word(self.place.at() + PoolLayout::BORROWER_GONE_AT);
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
    // Actors that are over leave their pools.
    grid.blocks().settle();
    let place = Arc::new(grid.pools().take(layout.bytes())?);
    let mapped = grid.blocks().mapped();
    let start = mapped.start(place.at(), layout.bytes());
    let (what, asked) = ("pools", layout.bytes());
    let start = start.ok_or(ResidentError::ReserveFull { what, asked, free: 0 })?;
    // Of a pool before, whose two parts are gone.
    mapped.clear(place.at(), layout.bytes());
    let (grid_kept, place_kept) = (Arc::clone(grid), Arc::clone(&place));
    let region = MappedRegion { grid: grid_kept, place: place_kept, start, layout, number };
    let grid = Arc::clone(grid);
    Ok((region, CudaBuffers { grid, place, layout, number, is_ordered: false }))
}
