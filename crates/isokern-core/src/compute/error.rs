//! Errors of backends: why a model could not be loaded or run, and what to do about it.
//!
//! Two types. [`InferenceError`] is what every model and backend ends in: a
//! kind to match on, a number, the operator. [`BackendError`] is what devices
//! have in common; a backend may use it or bring an error of its own, as long
//! as that turns `Into<InferenceError>`.
//!
//! | code | whose |
//! |--:|---|
//! | 0 | none given |
//! | 1 to 255 | [`BackendError::code`] |
//! | 256 and above | the model format's or the backend's own, listed there |

use core::fmt;

use super::backend_error::BackendError;
use super::error_kind::InferenceErrorKind;

/// An inference step, or the loading of a model, that did not succeed.
///
/// ```
/// use isokern_core::{InferenceError, InferenceErrorKind};
///
/// let error = InferenceError::new(InferenceErrorKind::ShapeOrTypeMismatch)
///     .with_operator(3)
///     .with_code(0x101);
/// assert_eq!(error.kind(), InferenceErrorKind::ShapeOrTypeMismatch);
/// assert_eq!(
///     error.to_string(),
///     "shape or type mismatch in operator 3 (code 0x101). \
///      Fix: pass buffers of the length, type and memory that the model's metadata gives."
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InferenceError {
    kind: InferenceErrorKind,
    code: u32,
    operator: Option<u16>,
}

impl InferenceError {
    /// Returns an error of this kind, with no code and no operator.
    #[must_use]
    pub const fn new(kind: InferenceErrorKind) -> Self {
        Self { kind, code: 0, operator: None }
    }

    /// Returns the error with a number that says more than the kind; 0 is none.
    #[must_use]
    pub const fn with_code(self, code: u32) -> Self {
        Self { code, ..self }
    }

    /// Returns the error with the index of the operator it came from.
    #[must_use]
    pub const fn with_operator(self, operator: u16) -> Self {
        Self { operator: Some(operator), ..self }
    }

    /// Returns the kind: what callers match on.
    #[must_use]
    pub const fn kind(self) -> InferenceErrorKind {
        self.kind
    }

    /// Returns the number, 0 when there is none; the [module](crate::compute::error)
    /// page says who owns which.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.code
    }

    /// Returns the operator's position in the model's plan, from 0.
    #[must_use]
    pub const fn operator(self) -> Option<u16> {
        self.operator
    }
}

impl fmt::Display for InferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if let Some(operator) = self.operator {
            write!(f, " in operator {operator}")?;
        }
        if self.code != 0 {
            write!(f, " (code {:#x})", self.code)?;
        }
        write!(f, ". Fix: {}.", self.kind.fix())
    }
}

impl core::error::Error for InferenceError {}

impl From<InferenceErrorKind> for InferenceError {
    fn from(kind: InferenceErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<BackendError> for InferenceError {
    /// Keeps the kind and the code; numbers of the driver are dropped.
    fn from(error: BackendError) -> Self {
        Self::new(error.kind()).with_code(error.code())
    }
}
