//! Two backends as one: the second loads what the first cannot.
//!
//! ```text
//! load_model -> A loads -> Primary(model of A)
//!               A fails -> B loads -> Secondary { model of B, why A failed }
//!                          B fails -> FallbackError { why A failed, why B failed }
//! ```
//!
//! The choice is made once, when a model is loaded. A step that fails later is
//! an error like any other: the answer never silently comes from elsewhere.

use core::fmt;

use super::backend::ComputeBackend;
use super::capabilities::BackendCapabilities;
use super::error::InferenceError;
use super::fallback_model::FallbackModel;
use super::payload::Payload;

/// A backend that uses `A` where loading succeeds, and `B` otherwise.
///
/// Its [capabilities](ComputeBackend::capabilities) are what both can do, since
/// nobody knows yet which will load. Three backends nest:
/// `Fallback<A, Fallback<B, C>>`.
///
/// ```
/// use isokern_core::compute::{Fallback, FallbackDescriptor};
/// use isokern_core::{ComputeBackend, ModelSource};
///
/// fn load<'m, G, C>(gpu: G, cpu: C, model: &'m [u8], arena: &'m mut [u8])
/// where
///     G: ComputeBackend<[i8], [i8], ModelDescriptor<'m> = &'m [u8]> + 'm,
///     C: ComputeBackend<[i8], [i8], ModelDescriptor<'m> = ModelSource<'m>> + 'm,
/// {
///     let backend = Fallback::new(gpu, cpu);
///     let secondary = ModelSource::new(model, arena);
///     match backend.load_model(FallbackDescriptor { primary: model, secondary }) {
///         Ok(model) if model.is_primary() => println!("on the GPU"),
///         Ok(model) => println!("on the CPU, because: {:?}", model.reason()),
///         Err(both) => println!("{both}"),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fallback<A, B> {
    primary: A,
    secondary: B,
}

impl<A, B> Fallback<A, B> {
    /// Joins two backends.
    #[must_use]
    pub const fn new(primary: A, secondary: B) -> Self {
        Self { primary, secondary }
    }

    /// Returns the backend that is asked first.
    #[must_use]
    pub const fn primary(&self) -> &A {
        &self.primary
    }

    /// Returns the backend that is asked second.
    #[must_use]
    pub const fn secondary(&self) -> &B {
        &self.secondary
    }
}

impl<InP, OutP, A, B> ComputeBackend<InP, OutP> for Fallback<A, B>
where
    InP: Payload + ?Sized,
    OutP: Payload + ?Sized,
    A: ComputeBackend<InP, OutP>,
    B: ComputeBackend<InP, OutP>,
{
    type Model = FallbackModel<A::Model, B::Model>;
    type Error = FallbackError<A::Error, B::Error>;
    type ModelDescriptor<'desc>
        = FallbackDescriptor<A::ModelDescriptor<'desc>, B::ModelDescriptor<'desc>>
    where
        Self: 'desc;

    fn capabilities(&self) -> BackendCapabilities {
        self.primary.capabilities().intersect(self.secondary.capabilities())
    }

    fn load_model<'desc>(
        &self,
        desc: Self::ModelDescriptor<'desc>,
    ) -> Result<Self::Model, Self::Error> {
        let primary = match self.primary.load_model(desc.primary) {
            Ok(model) => return Ok(FallbackModel::Primary(model)),
            Err(error) => error,
        };
        match self.secondary.load_model(desc.secondary) {
            Ok(model) => Ok(FallbackModel::Secondary { model, reason: primary.into() }),
            Err(secondary) => Err(FallbackError { primary, secondary }),
        }
    }
}

/// The sources that each of the two backends loads from.
///
/// Two descriptors, because a descriptor may lend an arena and one arena cannot
/// be lent twice. The one that is not used is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FallbackDescriptor<DA, DB> {
    /// For the backend that is asked first.
    pub primary: DA,
    /// For the backend that is asked second.
    pub secondary: DB,
}

/// Neither backend could load the model.
///
/// As an [`InferenceError`] it is the secondary's, the one that was to work
/// everywhere.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FallbackError<EA, EB> {
    /// Why the backend that was asked first could not.
    pub primary: EA,
    /// Why the backend that was asked second could not.
    pub secondary: EB,
}

impl<EA: fmt::Display, EB: fmt::Display> fmt::Display for FallbackError<EA, EB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { primary, secondary } = self;
        write!(f, "no backend could load the model; first: {primary}; then: {secondary}")
    }
}

impl<EA, EB> core::error::Error for FallbackError<EA, EB>
where
    EA: core::error::Error,
    EB: core::error::Error,
{
}

impl<EA, EB: Into<InferenceError>> From<FallbackError<EA, EB>> for InferenceError {
    fn from(error: FallbackError<EA, EB>) -> Self {
        error.secondary.into()
    }
}
