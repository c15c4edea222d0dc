//! The contract between generic code and one kind of hardware.
//!
//! # For callers
//!
//! Name the descriptor you can give, and tie its lifetime to the backend's:
//!
//! ```
//! use isokern_core::{ComputeBackend, ComputeModel, InferenceError, ModelSource};
//!
//! fn run_once<'m, B>(
//!     backend: &B,
//!     source: ModelSource<'m>,
//!     input: &[i8],
//!     output: &mut [i8],
//! ) -> Result<(), InferenceError>
//! where
//!     B: ComputeBackend<[i8], [i8], ModelDescriptor<'m> = ModelSource<'m>> + 'm,
//! {
//!     let mut model = backend.load_model(source).map_err(Into::into)?;
//!     model.init()?;
//!     model.infer_one(input, output)
//! }
//! ```
//!
//! What points to a backend is one: `&B`, `&mut B`, and with the feature `std` `Box<B>` and
//! `Arc<B>`. Of models `&mut M` and `Box<M>` are, for a step needs the model for itself. On such
//! a box or `Arc`, methods that a type offers beside the trait want a star: `(*model).init()`.
//!
//! A bound with `for<'d>` compiles too, and then shuts out every backend that
//! borrows. Match on [`InferenceError::kind`], not on the backend's own error.
//!
//! # For backend authors
//!
//! * `load_model` **must** check everything the model's steps rely on; no bytes
//!   **may** cause a panic or a step outside the arena later.
//! * It **must not** keep the device busy or allocate what `init` can allocate.
//! * [`Model`](ComputeBackend::Model) cannot name the descriptor's lifetime. A
//!   backend which borrows carries the lifetime in its *own* type,
//!   `Backend<'m>` with `type Model = Model<'m>` and
//!   `type ModelDescriptor<'desc> = ModelSource<'m> where Self: 'desc`. Its
//!   method spells the descriptor out, for the alias would ask for a bound which
//!   the method does not have: `fn load_model<'desc>(&self, desc: ModelSource<'m>)`.
//! * Where the hardware cannot do a thing but the answer can be right another
//!   way, emulate. [`capabilities`](ComputeBackend::capabilities) is for limits.
//! * Implement the trait for every payload pair that makes sense, and offer the
//!   methods that name no payload as inherent ones too: on a type with many
//!   implementations `backend.capabilities()` is ambiguous.

use super::capabilities::BackendCapabilities;
use super::error::InferenceError;
use super::model::ComputeModel;
use super::payload::Payload;

/// One kind of hardware that loads models.
pub trait ComputeBackend<InP: Payload + ?Sized, OutP: Payload + ?Sized> {
    /// What it loads.
    type Model: ComputeModel<InP, OutP>;

    /// Why it could not; rich for people, and an [`InferenceError`] for code.
    type Error: core::error::Error + Into<InferenceError>;

    /// What it loads from.
    type ModelDescriptor<'desc>
    where
        Self: 'desc;

    /// Returns its limits; the same for its whole life.
    fn capabilities(&self) -> BackendCapabilities;

    /// Checks and loads a model. Call [`init`](ComputeModel::init) before the first
    /// inference.
    ///
    /// # Errors
    ///
    /// The backend's own: damaged bytes, an operator it does not have, an arena
    /// that is too short, no memory.
    fn load_model<'desc>(
        &self,
        desc: Self::ModelDescriptor<'desc>,
    ) -> Result<Self::Model, Self::Error>;
}
