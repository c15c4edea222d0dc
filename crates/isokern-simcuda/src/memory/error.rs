//! Errors: why memory could not be had, or not be reached.

use thiserror::Error;

/// Why an allocation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AllocationError {
    /// No bytes were asked for.
    #[error("no bytes were asked for")]
    Empty,
    /// The device or the host has not that much left.
    #[error("no room for {bytes} bytes")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: u64,
    },
    /// The host memory is registered already.
    #[error("{address:#x} is registered already")]
    Taken {
        /// The first address.
        address: u64,
    },
}

/// An access that is not inside one live allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{bytes} bytes at {address:#x}: {miss}")]
pub struct AccessError {
    /// The first address.
    pub address: u64,
    /// Bytes of the access.
    pub bytes: u64,
    /// What is there instead.
    pub miss: Miss,
}

/// What is at an address where no live allocation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Miss {
    /// An allocation ends before.
    #[error("outside the allocation of {bytes} bytes at {base:#x}")]
    End {
        /// Its first address.
        base: u64,
        /// Its length.
        bytes: u64,
    },
    /// An allocation was there and is freed.
    #[error("in the freed allocation of {bytes} bytes at {base:#x}")]
    Freed {
        /// Its first address.
        base: u64,
        /// Its length.
        bytes: u64,
    },
    /// Nothing ever was.
    #[error("in no allocation")]
    Unknown,
}
