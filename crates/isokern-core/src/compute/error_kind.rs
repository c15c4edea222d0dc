//! The kinds of failure that generic code can tell apart.

use crate::numbered;
use core::fmt;

numbered! {
    /// The kind of an error, as far as a caller can act on it.
    ///
    /// ```
    /// use isokern_core::InferenceErrorKind;
    ///
    /// assert_eq!(InferenceErrorKind::DeviceLost.code(), 8);
    /// assert_eq!(InferenceErrorKind::from_code(8), Some(InferenceErrorKind::DeviceLost));
    /// ```
    #[non_exhaustive]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    pub enum InferenceErrorKind: u8, code, from_code {
        /// The model's bytes are damaged, of another version, or need an operator
        /// that is not there; convert the model again.
        #[cfg_attr(feature = "serde", serde(alias = "invalid_artifact"))]
        InvalidArtifact = 1,
        /// A payload has another length or element type than the model, or is in memory that
        /// the model does not take, or a batch has fewer outputs than inputs; nothing was run.
        #[cfg_attr(feature = "serde", serde(alias = "shape_or_type_mismatch"))]
        ShapeOrTypeMismatch = 2,
        /// The step was started and failed; the output is not a result.
        #[cfg_attr(feature = "serde", serde(alias = "execution_failed"))]
        ExecutionFailed = 3,
        /// Memory, a stream or another resource ran out; free some and try again.
        #[cfg_attr(feature = "serde", serde(alias = "resource_unavailable"))]
        ResourceUnavailable = 4,
        /// A step was asked for before `init`; call it once first.
        #[cfg_attr(feature = "serde", serde(alias = "not_initialized"))]
        NotInitialized = 5,
        /// The deadline had passed; nothing was run, or the step was stopped.
        #[cfg_attr(feature = "serde", serde(alias = "deadline_exceeded"))]
        DeadlineExceeded = 6,
        /// The caller withdrew the work.
        #[cfg_attr(feature = "serde", serde(alias = "cancelled"))]
        Cancelled = 7,
        /// The device stopped answering; every model on it is dead.
        #[cfg_attr(feature = "serde", serde(alias = "device_lost"))]
        DeviceLost = 8,
    }
}

impl InferenceErrorKind {
    /// Returns the kind in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArtifact => "invalid model artifact",
            Self::ShapeOrTypeMismatch => "shape or type mismatch",
            Self::ExecutionFailed => "execution failed",
            Self::ResourceUnavailable => "resource unavailable",
            Self::NotInitialized => "model not initialized",
            Self::DeadlineExceeded => "deadline exceeded",
            Self::Cancelled => "cancelled",
            Self::DeviceLost => "device lost",
        }
    }

    /// Returns what to do, as half a sentence.
    pub(super) const fn fix(self) -> &'static str {
        match self {
            Self::InvalidArtifact => "convert the model again with a matching version",
            Self::ShapeOrTypeMismatch => {
                "pass buffers of the length, type and memory that the model's metadata gives"
            }
            Self::ExecutionFailed => "reset the model, then look up the code of its backend",
            Self::ResourceUnavailable => "free memory or load a smaller model, then try again",
            Self::NotInitialized => "call init once before the first step",
            Self::DeadlineExceeded => "allow more time or send less work",
            Self::Cancelled => "send the work again if it is still wanted",
            Self::DeviceLost => "drop every model of the device and load anew",
        }
    }
}

impl fmt::Display for InferenceErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
