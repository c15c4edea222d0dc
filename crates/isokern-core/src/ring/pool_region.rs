//! Memory for a payload pool whose borrower is a device.
#![allow(unsafe_code)]

use core::ptr::NonNull;

use super::pool_layout::PoolLayout;

/// The lender's right to a pool in memory that a device reaches.
///
/// A host of a device makes one with the memory; `isokern_ring::region_lender` makes the lender of
/// it. The borrower is the device, which keeps the protocol of
/// [`LendingWords`](super::LendingWords).
///
/// # Safety
///
/// * There are [`layout().bytes()`](PoolLayout::bytes) at [`start`](Self::start), the same at all
///   times, a multiple of 128; they were all zero when the first value for them was made.
/// * They are there until the value is dropped, also when it is moved.
/// * There is one value for them, and it was made once.
/// * Words are accessed as atomics. Nobody writes the lender's words; buffers and the borrower's
///   words are touched by the borrower alone, and by its protocol.
pub unsafe trait PoolRegion: Send + Sync {
    /// Returns where the pool begins, in memory of this process.
    fn start(&self) -> NonNull<u8>;

    /// Returns the layout.
    fn layout(&self) -> PoolLayout;

    /// Returns the number that handles of its buffers have.
    fn number(&self) -> u32;
}
