//! Errors: why a buffer was not lent, opened or given back.

use thiserror::Error;

/// A refused use of a buffer or of a handle; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum PoolError {
    /// Such a pool cannot be addressed.
    #[error(
        "{count} buffers of {buffer_bytes} bytes make no pool. Fix: ask for one buffer and one \
         byte at least, and no more than 2^32 - 1 of either"
    )]
    Unusable {
        /// Bytes of a buffer.
        buffer_bytes: usize,
        /// Buffers.
        count: usize,
    },
    /// The pool does not fit into memory.
    #[error(
        "{count} buffers of {buffer_bytes} bytes do not fit into memory. Fix: fewer or smaller \
         buffers"
    )]
    OutOfMemory {
        /// Bytes of a buffer.
        buffer_bytes: usize,
        /// Buffers.
        count: usize,
    },
    /// The borrower was dropped: what is lent would never come back.
    #[error("the borrower is gone. Fix: make a new pool for another one")]
    BorrowerGone,
    /// Every buffer is claimed, lent or not released yet.
    #[error("all {count} buffers are in use. Fix: release some, or give the pool more")]
    Exhausted {
        /// Buffers of the pool.
        count: usize,
    },
    /// The handle carries another pool's number.
    #[error("the handle is of pool {found}, this is pool {expected}. Fix: use its own pool")]
    ForeignHandle {
        /// This pool.
        expected: u32,
        /// The pool of the handle.
        found: u32,
    },
    /// The pool has no such buffer.
    #[error("buffer {index} of {count} does not exist. Fix: use handles from `lend` alone")]
    NoSuchBuffer {
        /// The index in the handle.
        index: u32,
        /// Buffers of the pool.
        count: usize,
    },
    /// The lending that the handle names is over, or never was.
    #[error(
        "generation {generation} of buffer {index} is not the current one on this side. \
         Fix: do not use a handle after it was given back or released"
    )]
    StaleGeneration {
        /// The buffer.
        index: u32,
        /// The generation in the handle.
        generation: u32,
    },
    /// The borrower has not given the buffer back.
    #[error("buffer {index} is still with the borrower. Fix: wait for the reply")]
    StillLent {
        /// The buffer.
        index: u32,
    },
    /// The payload is longer than a buffer.
    #[error("{length_bytes} bytes do not fit a buffer of {capacity_bytes}. Fix: larger buffers")]
    TooLong {
        /// Bytes asked for.
        length_bytes: usize,
        /// Bytes of a buffer.
        capacity_bytes: usize,
    },
}
