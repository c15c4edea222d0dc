//! Errors: why a configuration was refused or a launch could not be shaped.

use thiserror::Error;

use crate::compute::BackendError;

/// A megakernel that cannot be launched as asked.
///
/// The message says what is wrong and, after `Fix:`, what to do. Turns into a
/// [`BackendError`], which has no room for every number given here.
///
/// ```
/// use isokern_core::compute::BackendError;
/// use isokern_core::megakernel::MegakernelError;
///
/// let error = MegakernelError::DeviceOutOfMemory { requested: 32_000, available: 31_999 };
/// assert_eq!(error.code(), 1001);
/// assert!(error.to_string().contains("Fix:"));
/// assert_eq!(
///     BackendError::from(error),
///     BackendError::DeviceOutOfMemory { requested_bytes: 32_000, available_bytes: 31_999 },
/// );
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum MegakernelError {
    /// The configuration has no worker. Code 1999.
    #[error("worker_count is 0: nobody would run a task. Fix: set worker_count to at least 1.")]
    ZeroWorkerCount,
    /// The configuration leaves no time to run in. Code 1999.
    #[error(
        "max_wall_time is zero: every launch would end at once. \
         Fix: set max_wall_time to the longest time a launch may take."
    )]
    ZeroWallTime,
    /// A limit of the device is 0. Code 1999.
    #[error(
        "the device limit {limit} is 0: no launch fits into it. \
         Fix: pass {limit} as the device reports it."
    )]
    ZeroAdapterLimit {
        /// The request's field that holds the limit.
        limit: &'static str,
    },
    /// A task slot's state word has no meaning. Code 1999.
    #[error(
        "unknown state word {state} in a task slot, the known ones are 0 to 7. \
         Fix: write slots with this version's TaskSlot, and read none that is being written."
    )]
    UnknownTaskState {
        /// The word as it was found.
        state: u32,
    },
    /// The hit buffer would have more than `u32::MAX` entries. Code 1999.
    #[error(
        "the hit capacity for {queue_len} tasks of {expected_hits_per_item} hits each does not \
         fit in 32 bits. Fix: queue fewer tasks for one launch, or expect fewer hits of each."
    )]
    HitCapacityOverflow {
        /// How many tasks are queued.
        queue_len: u32,
        /// How many hits each was expected to make.
        expected_hits_per_item: u32,
    },
    /// The bytes at the launch's peak do not fit in 64 bits. Code 1999.
    #[error(
        "{resident_device_bytes} resident bytes and scratch for {hit_capacity} hits do not fit \
         in 64 bits. Fix: set resident_device_bytes to the bytes that are really allocated."
    )]
    ResidentBytesOverflow {
        /// The bytes said to be resident already.
        resident_device_bytes: u64,
        /// The entries of the hit buffer.
        hit_capacity: u32,
    },
    /// The launch would need more device memory than it may use. Code 1001.
    #[error(
        "device out of memory: the launch needs {requested} bytes, its budget is {available}. \
         Fix: queue fewer tasks for one launch, or raise device_memory_budget_bytes."
    )]
    DeviceOutOfMemory {
        /// The bytes at the launch's peak.
        requested: u64,
        /// The budget in bytes.
        available: u64,
    },
}

impl MegakernelError {
    /// Returns the stable number: 1001 for device memory, 1999 for the rest.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::DeviceOutOfMemory { .. } => 1001,
            Self::ZeroWorkerCount
            | Self::ZeroWallTime
            | Self::ZeroAdapterLimit { .. }
            | Self::UnknownTaskState { .. }
            | Self::HitCapacityOverflow { .. }
            | Self::ResidentBytesOverflow { .. } => 1999,
        }
    }
}

impl From<MegakernelError> for BackendError {
    /// Keeps the bytes and the limit's name; other numbers are dropped.
    ///
    /// Memory and limits have variants of their own; everything else is an
    /// [`InvalidConfiguration`](BackendError::InvalidConfiguration).
    fn from(error: MegakernelError) -> Self {
        let reason = match error {
            MegakernelError::DeviceOutOfMemory { requested, available } => {
                return Self::DeviceOutOfMemory {
                    requested_bytes: requested,
                    available_bytes: available,
                };
            }
            MegakernelError::ZeroAdapterLimit { limit } => {
                return Self::UnsupportedFeature { feature: limit };
            }
            MegakernelError::ZeroWorkerCount => "worker_count is 0",
            MegakernelError::ZeroWallTime => "max_wall_time is zero",
            MegakernelError::UnknownTaskState { .. } => {
                "the state word of a task slot is none of 0 to 7"
            }
            MegakernelError::HitCapacityOverflow { .. } => {
                "queue_len times expected hits exceeds 32 bits"
            }
            MegakernelError::ResidentBytesOverflow { .. } => {
                "resident_device_bytes and scratch exceed 64 bits"
            }
        };
        Self::InvalidConfiguration { reason }
    }
}
