//! The contract of one loaded model.
//!
//! # For callers
//!
//! Call [`init`](ComputeModel::init) once, then step as often as needed. A
//! model holds one stream of work: steps do not overlap, `&mut self` sees to
//! it. Bound generic code by the payloads you hold, sized or not:
//!
//! ```
//! use isokern_core::{ComputeModel, InferenceError};
//!
//! fn classify<M: ComputeModel<[i8], [i8]>>(
//!     model: &mut M,
//!     features: &[i8],
//!     scores: &mut [i8],
//! ) -> Result<usize, InferenceError> {
//!     model.infer_one(features, scores)?;
//!     Ok((0..scores.len()).max_by_key(|&i| scores[i]).unwrap_or(0))
//! }
//! ```
//!
//! Collecting messages into batches, holding back senders and measuring time is
//! the caller's or the actor's work; a model does none of it.
//!
//! # For backend authors
//!
//! * Before `init`, every other method but `metadata` **must** fail with
//!   [`NotInitialized`](InferenceErrorKind::NotInitialized).
//! * A payload of the wrong length, or of a known and wrong element type,
//!   **must** be [`ShapeOrTypeMismatch`](InferenceErrorKind::ShapeOrTypeMismatch)
//!   before any work.
//! * After an error the model **must** still be usable, unless the error is
//!   [`DeviceLost`](InferenceErrorKind::DeviceLost).
//! * A model of several inputs or outputs **must** take and give them packed into one payload,
//!   and describe each with [`input_port`](ComputeModel::input_port) and
//!   [`output_port`](ComputeModel::output_port).
//! * A model with state **must** say how many bytes, keep one state of its own, and take the
//!   steps of a batch in order; [`reset`](ComputeModel::reset) restores the initial contents.
//! * `infer_batch` **may** be replaced by a faster one; the bytes **must** be
//!   those of the loop, at every batch size.
//! * Nothing **may** be allocated after `init`.

use super::batch::Batch;
use super::error::InferenceError;
use super::error_kind::InferenceErrorKind;
use super::metadata::ModelMetadata;
use super::payload::Payload;
use super::port::PortMetadata;
use super::quantization::Quantization;
use super::shape::Shape;

/// A model which a [backend](crate::compute::backend) has loaded.
pub trait ComputeModel<InP: Payload + ?Sized, OutP: Payload + ?Sized> {
    /// Makes the model ready: allocates, uploads, warms up.
    ///
    /// Calling it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`ResourceUnavailable`](InferenceErrorKind::ResourceUnavailable) when
    /// something ran out: free it and call again.
    fn init(&mut self) -> Result<(), InferenceError>;

    /// Runs exactly one step; the output is complete when it returns.
    ///
    /// # Errors
    ///
    /// Any kind. The bytes in `output` are then whatever they are and must not
    /// be taken for a result.
    fn infer_one(&mut self, input: &InP, output: &mut OutP) -> Result<(), InferenceError>;

    /// Runs one step per message, the n-th into the n-th output.
    ///
    /// The bytes are those of a loop of [`infer_one`](Self::infer_one), which
    /// is also the default. Outputs beyond the last message are left alone. A
    /// batch above the backend's `max_batch` is split, or refused by name.
    ///
    /// # Errors
    ///
    /// [`ShapeOrTypeMismatch`](InferenceErrorKind::ShapeOrTypeMismatch) when
    /// there are fewer outputs than messages; then nothing was run. Otherwise
    /// the first error of a step; then none of the outputs is a result.
    fn infer_batch(
        &mut self,
        inputs: Batch<'_, InP>,
        outputs: &mut [OutP],
    ) -> Result<(), InferenceError>
    where
        InP: Sized,
        OutP: Sized,
    {
        let Some(outputs) = outputs.get_mut(..inputs.len()) else {
            return Err(InferenceError::new(InferenceErrorKind::ShapeOrTypeMismatch));
        };
        for (message, output) in inputs.iter().zip(outputs) {
            self.infer_one(message.payload(), output)?;
        }
        Ok(())
    }

    /// Returns when no work is outstanding on a device.
    ///
    /// # Errors
    ///
    /// The failure of an earlier step that nobody was informed of yet.
    fn drain(&mut self) -> Result<(), InferenceError>;

    /// Returns to the state after [`init`](Self::init): state kept between
    /// steps is gone, memory is not.
    ///
    /// # Errors
    ///
    /// [`DeviceLost`](InferenceErrorKind::DeviceLost) when only loading anew
    /// helps.
    fn reset(&mut self) -> Result<(), InferenceError>;

    /// Returns what the model says about itself; works before `init`.
    fn metadata(&self) -> ModelMetadata;

    /// Returns the input at `position` and its place in the payload, `None` if there is none or
    /// the model does not know; works before `init`.
    ///
    /// Provided for models of one input, from what [`metadata`](Self::metadata) says.
    fn input_port(&self, position: usize) -> Option<PortMetadata> {
        let metadata = self.metadata();
        let port = PortMetadata::new(metadata.input_dtype()?, metadata.max_input_bytes()?);
        let port = described(port, metadata.input_shape(), metadata.input_quantization());
        (position == 0 && metadata.input_count() == 1).then_some(port)
    }

    /// Returns the output at `position` and its place in the payload, `None` if there is none or
    /// the model does not know; works before `init`.
    ///
    /// Provided for models of one output, from what [`metadata`](Self::metadata) says.
    fn output_port(&self, position: usize) -> Option<PortMetadata> {
        let metadata = self.metadata();
        let port = PortMetadata::new(metadata.output_dtype()?, metadata.max_output_bytes()?);
        let port = described(port, metadata.output_shape(), metadata.output_quantization());
        (position == 0 && metadata.output_count() == 1).then_some(port)
    }
}

fn described(
    port: PortMetadata,
    shape: Option<Shape>,
    quantization: Option<Quantization>,
) -> PortMetadata {
    let port = shape.map_or(port, |shape| port.with_shape(shape));
    quantization.map_or(port, |quantization| port.with_quantization(quantization))
}
