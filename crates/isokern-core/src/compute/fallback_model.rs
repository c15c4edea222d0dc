//! The model that a fallback loaded: one of two, and which.

use super::batch::Batch;
use super::error::InferenceError;
use super::metadata::ModelMetadata;
use super::model::ComputeModel;
use super::payload::Payload;
use super::port::PortMetadata;

/// The model of the backend that could load it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallbackModel<MA, MB> {
    /// The backend that is asked first loaded it.
    Primary(MA),
    /// The backend that is asked second loaded it.
    Secondary {
        /// The loaded model.
        model: MB,
        /// Why the first backend could not.
        reason: InferenceError,
    },
}

/// One of the two backends of a [`Fallback`](super::Fallback).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FallbackSide {
    /// The one that is asked first.
    Primary,
    /// The one that is asked second.
    Secondary,
}

impl<MA, MB> FallbackModel<MA, MB> {
    /// Returns which backend loaded the model.
    #[must_use]
    pub const fn which(&self) -> FallbackSide {
        match self {
            Self::Primary(_) => FallbackSide::Primary,
            Self::Secondary { .. } => FallbackSide::Secondary,
        }
    }

    /// Says whether the backend that is asked first loaded the model.
    #[must_use]
    pub const fn is_primary(&self) -> bool {
        matches!(self, Self::Primary(_))
    }

    /// Returns why the first backend could not load it, `None` if it did.
    #[must_use]
    pub const fn reason(&self) -> Option<InferenceError> {
        match self {
            Self::Primary(_) => None,
            Self::Secondary { reason, .. } => Some(*reason),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<InP, OutP, MA, MB> ComputeModel<InP, OutP> for FallbackModel<MA, MB>
where
    InP: Payload + ?Sized,
    OutP: Payload + ?Sized,
    MA: ComputeModel<InP, OutP>,
    MB: ComputeModel<InP, OutP>,
{
    fn init(&mut self) -> Result<(), InferenceError> {
        match self {
            Self::Primary(model) => model.init(),
            Self::Secondary { model, .. } => model.init(),
        }
    }

    fn infer_one(&mut self, input: &InP, output: &mut OutP) -> Result<(), InferenceError> {
        match self {
            Self::Primary(model) => model.infer_one(input, output),
            Self::Secondary { model, .. } => model.infer_one(input, output),
        }
    }

    fn infer_batch(
        &mut self,
        inputs: Batch<'_, InP>,
        outputs: &mut [OutP],
    ) -> Result<(), InferenceError>
    where
        InP: Sized,
        OutP: Sized,
    {
        match self {
            Self::Primary(model) => model.infer_batch(inputs, outputs),
            Self::Secondary { model, .. } => model.infer_batch(inputs, outputs),
        }
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        match self {
            Self::Primary(model) => model.drain(),
            Self::Secondary { model, .. } => model.drain(),
        }
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        match self {
            Self::Primary(model) => model.reset(),
            Self::Secondary { model, .. } => model.reset(),
        }
    }

    fn metadata(&self) -> ModelMetadata {
        match self {
            Self::Primary(model) => model.metadata(),
            Self::Secondary { model, .. } => model.metadata(),
        }
    }

    fn input_port(&self, position: usize) -> Option<PortMetadata> {
        match self {
            Self::Primary(model) => model.input_port(position),
            Self::Secondary { model, .. } => model.input_port(position),
        }
    }

    fn output_port(&self, position: usize) -> Option<PortMetadata> {
        match self {
            Self::Primary(model) => model.output_port(position),
            Self::Secondary { model, .. } => model.output_port(position),
        }
    }
}
