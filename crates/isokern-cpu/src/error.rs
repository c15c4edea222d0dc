//! Errors: why the CPU backend could not load or run a model.

use isokern_core::{InferenceError, InferenceErrorKind};
use isokern_model::FormatError;
use isokern_model::RunError;
pub use isokern_model::tasks::{
    CODE_ARENA_TOO_SHORT, CODE_STATE_TOO_SHORT, CODE_TASK_MODEL, CODE_TASK_OUTPUT, CODE_TASK_PC,
    CODE_TASK_PLACE, CODE_TASK_STREAM,
};
use thiserror::Error;

/// A payload has another number of bytes than the model's tensor.
pub const CODE_PAYLOAD_BYTES: u32 = 513;
/// A payload has another element type than the model's tensor.
pub const CODE_PAYLOAD_DTYPE: u32 = 514;
/// A payload is in memory that the CPU cannot read or write, such as a device's, or has no
/// bytes. Copy it to the host first, or load the model on the device that it is on.
pub const CODE_PAYLOAD_MEMORY: u32 = 515;
/// The program was built without an operator kind of the model.
pub const CODE_NOT_BUILT: u32 = 516;
/// The model could not be brought into the layout of the loops.
pub const CODE_RELAYOUT: u32 = 517;

/// The model has no input or output of that position.
pub const CODE_NO_PORT: u32 = 519;
/// An operator was given an index outside of what it picks from; the inputs have it, or what was
/// computed from them.
pub const CODE_INDEX: u32 = 520;

/// Why a model was not loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are not a model this build runs.
    #[error(transparent)]
    Format(FormatError),
    /// The lent arena is too short.
    #[error("arena has {have} bytes, the model needs {need}. Fix: lend a larger arena")]
    ArenaTooShort {
        /// Bytes lent.
        have: usize,
        /// Bytes needed.
        need: usize,
    },
    /// The lent memory for the state is too short.
    #[error(
        "state has {have} bytes, the model needs {need}. Fix: lend memory for the state with \
         `ModelSource::with_state`"
    )]
    StateTooShort {
        /// Bytes lent.
        have: usize,
        /// Bytes needed.
        need: usize,
    },
    /// The program was built without an operator kind of the model.
    #[error(
        "the model has an operator this program was built without. Fix: build the backend with \
         the operator set of this model, or with all operators"
    )]
    NotBuilt,
    /// Padding the weights for the vector loops made the model too long.
    #[error("the model does not fit the layout of these loops. Fix: load it for plain loops")]
    Relayout,
}

impl From<FormatError> for LoadError {
    fn from(error: FormatError) -> Self {
        if let FormatError::NotBuilt { .. } = error { Self::NotBuilt } else { Self::Format(error) }
    }
}

impl From<LoadError> for InferenceError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Format(error) => {
                let base = Self::new(InferenceErrorKind::InvalidArtifact).with_code(error.code());
                if let FormatError::Operator { index, .. } = error {
                    base.with_operator(index)
                } else {
                    base
                }
            }
            LoadError::ArenaTooShort { .. } => {
                Self::new(InferenceErrorKind::ResourceUnavailable).with_code(CODE_ARENA_TOO_SHORT)
            }
            LoadError::StateTooShort { .. } => {
                Self::new(InferenceErrorKind::ResourceUnavailable).with_code(CODE_STATE_TOO_SHORT)
            }
            LoadError::NotBuilt => {
                Self::new(InferenceErrorKind::InvalidArtifact).with_code(CODE_NOT_BUILT)
            }
            LoadError::Relayout => {
                Self::new(InferenceErrorKind::ResourceUnavailable).with_code(CODE_RELAYOUT)
            }
        }
    }
}

/// Returns an interpreter's error as the contract's.
pub(crate) fn from_run(error: RunError) -> InferenceError {
    let failed = InferenceError::new(InferenceErrorKind::ExecutionFailed);
    match error {
        RunError::NotBuilt { index } => failed.with_code(CODE_NOT_BUILT).with_operator(index),
        RunError::Index { index } => failed.with_code(CODE_INDEX).with_operator(index),
        _ => failed,
    }
}
