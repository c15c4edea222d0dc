//! The failures which all device backends have in common.

use thiserror::Error;

use super::error_kind::InferenceErrorKind;

/// Why a backend could not load or run a model.
///
/// Turns into an [`InferenceError`](super::InferenceError) of the same
/// [`code`](Self::code). The message says what to do after `Fix:`.
///
/// ```
/// use isokern_core::compute::BackendError;
/// use isokern_core::{InferenceError, InferenceErrorKind};
///
/// let error = BackendError::DeviceOutOfMemory { requested_bytes: 4096, available_bytes: 1024 };
/// let seen_by_callers = InferenceError::from(error);
/// assert_eq!(seen_by_callers.kind(), InferenceErrorKind::ResourceUnavailable);
/// assert_eq!(seen_by_callers.code(), error.code());
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum BackendError {
    /// The device has less free memory than the model needs. Code 1.
    #[error(
        "device out of memory: {requested_bytes} bytes asked for, {available_bytes} free. \
         Fix: drop models that are not in use, or load a smaller one."
    )]
    DeviceOutOfMemory {
        /// How much was asked for.
        requested_bytes: u64,
        /// How much the device said it had.
        available_bytes: u64,
    },
    /// Device or driver lacks something the model needs. Code 2.
    #[error(
        "unsupported feature: {feature}. \
         Fix: run on a device or driver that has it, or load the model on the CPU backend."
    )]
    UnsupportedFeature {
        /// The missing feature, in the driver's words.
        feature: &'static str,
    },
    /// The driver did not compile the device code. Code 3.
    #[error(
        "device code did not compile (driver code {driver_code}). \
         Fix: update the driver, then report the device's name and this code."
    )]
    CompileFailed {
        /// The driver's own number.
        driver_code: u32,
    },
    /// The driver refused a launch, or a launched step failed. Code 4.
    #[error(
        "dispatch failed (driver code {driver_code}). \
         Fix: reset the model and try once more; if it stays, look up the driver's code."
    )]
    DispatchFailed {
        /// The driver's own number.
        driver_code: u32,
    },
    /// The device stopped answering. Code 5.
    #[error(
        "device lost (driver code {driver_code}). \
         Fix: drop every handle to the device, then open it again or use another one."
    )]
    DeviceLost {
        /// The driver's own number.
        driver_code: u32,
    },
    /// The model or task list asks for something no device may do. Code 6.
    #[error("invalid program: {reason}. Fix: convert the model again with this version.")]
    InvalidProgram {
        /// What was found, naming the field.
        reason: &'static str,
    },
    /// A resident kernel needs more blocks at once than the device holds. Code 7.
    #[error(
        "cooperative residency exceeded: {requested_blocks} blocks asked for, the device holds \
         {resident_blocks_max} at once. Fix: ask for fewer blocks, or for less shared memory each."
    )]
    CooperativeResidencyExceeded {
        /// How many blocks were asked for.
        requested_blocks: u32,
        /// How many can be resident together.
        resident_blocks_max: u32,
    },
    /// A launch was asked for with settings or task slots that allow none; nothing
    /// was started. Code 8.
    #[error(
        "invalid configuration: {reason}. \
         Fix: correct the setting or task slot named here, then launch again."
    )]
    InvalidConfiguration {
        /// What was found, naming the setting.
        reason: &'static str,
    },
}

impl BackendError {
    /// Returns the stable number of the failure, 1 to 255.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::DeviceOutOfMemory { .. } => 1,
            Self::UnsupportedFeature { .. } => 2,
            Self::CompileFailed { .. } => 3,
            Self::DispatchFailed { .. } => 4,
            Self::DeviceLost { .. } => 5,
            Self::InvalidProgram { .. } => 6,
            Self::CooperativeResidencyExceeded { .. } => 7,
            Self::InvalidConfiguration { .. } => 8,
        }
    }

    /// Returns what generic callers see.
    ///
    /// No kind represents settings alone: an invalid configuration is
    /// [`ExecutionFailed`](InferenceErrorKind::ExecutionFailed), the kind whose
    /// remedy is to look up the code. Trying again or converting the model anew
    /// would not help.
    #[must_use]
    pub const fn kind(self) -> InferenceErrorKind {
        match self {
            Self::DeviceOutOfMemory { .. }
            | Self::UnsupportedFeature { .. }
            | Self::CooperativeResidencyExceeded { .. } => InferenceErrorKind::ResourceUnavailable,
            Self::CompileFailed { .. } | Self::InvalidProgram { .. } => {
                InferenceErrorKind::InvalidArtifact
            }
            Self::DispatchFailed { .. } | Self::InvalidConfiguration { .. } => {
                InferenceErrorKind::ExecutionFailed
            }
            Self::DeviceLost { .. } => InferenceErrorKind::DeviceLost,
        }
    }
}
