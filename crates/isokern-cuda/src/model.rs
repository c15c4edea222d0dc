//! A loaded model: two streams with buffers for payloads of the host, and a way for device memory.
#![allow(unsafe_code)]

mod steps;
mod streams;

use std::sync::Arc;

use isokern_core::compute::{
    DeviceView, DeviceViewMut, MemoryClass, ModelArtifact, ModelMetadata, PortMetadata,
};
use isokern_core::{Batch, ComputeModel, InferenceError, Payload, PayloadMut};
use isokern_model::{Checked, Model};

use crate::direct::Run;
use crate::driver::{Context, Stream};
use crate::error::CudaError;
use crate::kernel::Kernel;
use crate::payloads;
use crate::payloads::PackedPayload;
use crate::ready::Ready;
use crate::state::DeviceState;
use crate::stream_buffers::StreamBuffers;

/// A model on a GPU, loaded by [`CudaBackend`](crate::CudaBackend).
///
/// [`init`](Self::init) copies it to the device and allocates all that steps need. Afterwards no
/// step allocates, neither on the host nor on the device. The work of one sample and of a whole
/// chunk is recorded then, and replayed by one driver call; a batch of another size takes two or
/// three calls, unless [`prepare_batch`](Self::prepare_batch) has recorded it, the one method that
/// allocates later.
///
/// Payloads may be on the host, or on the device in the model's context:
/// [`DeviceBuffer`](crate::DeviceBuffer), [`DeviceView`] and what else lends such a view. From
/// device to device nothing is copied; with one end on the host, that end alone is.
///
/// The contract's errors are numbers; [`last_error`](Self::last_error) has the last one in
/// words. After [`CudaError::DeviceLost`] nothing works; after any other error the
/// model is usable.
#[derive(Debug)]
pub struct CudaModel {
    kernel: Arc<Kernel>,
    artifact: ModelArtifact,
    checked: Checked,
    /// What the packed payload of the inputs is, and that of the outputs.
    payloads: (PackedPayload, PackedPayload),
    metadata: ModelMetadata,
    chunk_samples: usize,
    /// How many streams a model with state has.
    streams: usize,
    ready: Option<Ready>,
    last_error: Option<CudaError>,
}

impl CudaModel {
    pub(crate) fn new(
        kernel: Arc<Kernel>,
        artifact: ModelArtifact,
        model: &Model<'_>,
        (chunk_samples, streams): (usize, usize),
    ) -> Self {
        let space = kernel.context().space();
        let input = PackedPayload { bytes: model.input_bytes(), dtype: model.input_dtype(), space };
        let output =
            PackedPayload { bytes: model.output_bytes(), dtype: model.output_dtype(), space };
        let metadata = model.metadata(MemoryClass::PinnedHost, MemoryClass::Host);
        Self {
            kernel,
            checked: model.checked(),
            payloads: (input, output),
            metadata: metadata.with_memory(payloads::memory(Some(space))),
            artifact,
            chunk_samples,
            streams,
            ready: None,
            last_error: None,
        }
    }

    /// Copies the model to the device, allocates, and runs it once on zeros, so that the first
    /// step is as fast as the next. Again it does nothing.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::ResourceUnavailable`](isokern_core::InferenceErrorKind) where
    /// memory runs out; kinds of [`CudaError`] otherwise. It may be tried again.
    pub fn init(&mut self) -> Result<(), InferenceError> {
        if self.ready.is_some() {
            return Ok(());
        }
        let model = self.checked.view(self.artifact.bytes());
        let sizes = (self.chunk_samples, self.streams);
        match Ready::new(Arc::clone(&self.kernel), &model, sizes) {
            Ok(ready) => {
                self.ready = Some(ready);
                Ok(())
            }
            Err(error) => Err(self.note(error)),
        }
    }

    /// Records the work of a batch of `samples`, so that such a batch is replayed from then on,
    /// by one driver call a chunk. Chunks themselves are recorded by [`init`](Self::init): only
    /// the rest of such a batch counts. Of these, the last six are kept.
    ///
    /// This allocates, on the host and on the device. A batch runs without it as well.
    ///
    /// # Errors
    ///
    /// Kinds of [`CudaError`].
    pub fn prepare_batch(&mut self, samples: usize) -> Result<(), InferenceError> {
        let chunk_samples = self.chunk_samples;
        let result = self.ready().and_then(|ready| {
            let (chunks, rest) = (samples / chunk_samples, samples % chunk_samples);
            // Chunks alternate between the streams, except where each needs the one before.
            let index = if ready.state.is_some() { 0 } else { chunks % ready.buffers.len() };
            match ready.buffers.get_mut(index) {
                Some(buffers) if rest > 0 => buffers.prepare(rest),
                _ => Ok(()),
            }
        });
        result.map_err(|error| self.note(error))
    }

    /// Runs the model once, from one payload to another. Several inputs are packed into one
    /// payload, one after the other; several outputs come in the same way.
    ///
    /// A model with state steps its one stream. After a fault of the device, the state is the
    /// initial one again.
    ///
    /// Pinned and shared inputs are read by the device in place, and so are inputs and
    /// outputs in device memory. Work of other streams on these must have ended.
    ///
    /// # Errors
    ///
    /// Kinds of [`CudaError`]; a payload on another device, or in another context, is refused.
    /// On an error an output payload of the host is unchanged.
    pub fn infer_one<I, O>(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError>
    where
        I: Payload + ?Sized,
        O: PayloadMut + ?Sized,
    {
        self.try_infer_one(input, output).map_err(|error| self.note(error))
    }

    /// Runs the model on as many samples as `input` holds, from device memory to device memory,
    /// and waits for them.
    ///
    /// # Errors
    ///
    /// Kinds of [`CudaError`]; lengths that are not a multiple of the tensor's, or of different
    /// counts, are a mismatch, and so is memory of another context.
    pub fn infer_on_device(
        &mut self,
        input: DeviceView<'_>,
        output: DeviceViewMut<'_>,
    ) -> Result<(), InferenceError> {
        let result = self.try_infer_on_device(input, output, 1);
        result.map_err(|error| self.note(error))
    }

    /// Runs samples of so many streams, and waits for them.
    fn try_infer_on_device(
        &mut self,
        input: DeviceView<'_>,
        output: DeviceViewMut<'_>,
        streams: usize,
    ) -> Result<(), CudaError> {
        let run = self.run_of(&input, &output)?;
        let direct = &mut self.ready()?.direct;
        // SAFETY: both views are borrowed until the wait below is over.
        unsafe { direct.enqueue(None, Run { streams, ..run }) }?;
        direct.drain()
    }

    /// Does the same on a stream of the caller's, without waiting: work that is in the stream
    /// before comes first. [`drain`](Self::drain) waits, and says what went wrong.
    ///
    /// # Errors
    ///
    /// As [`infer_on_device`](Self::infer_on_device), as far as it is known by then.
    ///
    /// # Safety
    ///
    /// * The stream is of the model's context.
    /// * The memory of both views is alive, and no other work uses the output or writes the
    ///   input, until `drain` has returned or the stream has been waited for.
    pub unsafe fn enqueue_on_device(
        &mut self,
        stream: &Stream,
        input: DeviceView<'_>,
        output: DeviceViewMut<'_>,
    ) -> Result<(), InferenceError> {
        let result = self.run_of(&input, &output).and_then(|run| {
            // SAFETY: by this function's contract.
            unsafe { self.ready()?.direct.enqueue(Some(stream), run) }
        });
        result.map_err(|error| self.note(error))
    }

    /// Waits until no work of this model is going on, and reports what went wrong in it.
    ///
    /// # Errors
    ///
    /// Kinds of [`CudaError`].
    pub fn drain(&mut self) -> Result<(), InferenceError> {
        let result = self.ready().and_then(|ready| {
            ready.buffers.iter_mut().for_each(StreamBuffers::abandon);
            ready.direct.drain()
        });
        result.map_err(|error| self.note(error))
    }

    /// Returns to the state after [`init`](Self::init): nothing going on, no fault recorded, the
    /// initial contents in the state.
    ///
    /// # Errors
    ///
    /// Kinds of [`CudaError`]; a fault of work that it waits for is not among them.
    pub fn reset(&mut self) -> Result<(), InferenceError> {
        let result = self.ready().and_then(|ready| {
            for buffers in &mut ready.buffers {
                buffers.abandon();
                buffers.forget_fault()?;
            }
            match ready.direct.drain() {
                Ok(()) | Err(CudaError::Fault(_)) => ready.direct.forget_fault(),
                Err(error) => return Err(error),
            }
            ready.state.as_mut().map_or(Ok(()), DeviceState::reset)
        });
        result.map_err(|error| self.note(error))
    }

    /// Returns the model's description.
    #[must_use]
    pub const fn metadata(&self) -> ModelMetadata {
        self.metadata
    }

    /// Returns the model as its bytes describe it.
    #[must_use]
    pub fn model(&self) -> Model<'_> {
        self.checked.view(self.artifact.bytes())
    }

    /// Returns samples of a batch that one launch takes.
    #[must_use]
    pub const fn chunk_samples(&self) -> usize {
        self.chunk_samples
    }

    /// Returns the context it is loaded in.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.kernel.context()
    }

    /// Returns the last failure in words, with what the driver said.
    #[must_use]
    pub const fn last_error(&self) -> Option<&CudaError> {
        self.last_error.as_ref()
    }

    pub(crate) fn ready(&mut self) -> Result<&mut Ready, CudaError> {
        self.ready.as_mut().ok_or(CudaError::NotInitialized)
    }

    /// Keeps an error in words and gives it as the contract's.
    pub(crate) fn note(&mut self, mut error: CudaError) -> InferenceError {
        let state = self.ready.as_mut().and_then(|ready| ready.state.as_mut());
        // A fault may leave half a step in the state.
        if let (CudaError::Fault(_), Some(state)) = (&error, state) {
            error = state.reset().err().unwrap_or(error);
        }
        let seen = InferenceError::from(&error);
        self.last_error = Some(error);
        seen
    }
}

impl<I, O> ComputeModel<I, O> for CudaModel
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    fn init(&mut self) -> Result<(), InferenceError> {
        CudaModel::init(self)
    }

    fn infer_one(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError> {
        CudaModel::infer_one(self, input, output)
    }

    fn infer_batch(&mut self, inputs: Batch<'_, I>, outputs: &mut [O]) -> Result<(), InferenceError>
    where
        I: Sized,
        O: Sized,
    {
        self.try_infer_batch(inputs, outputs).map_err(|error| self.note(error))
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        CudaModel::drain(self)
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        CudaModel::reset(self)
    }

    fn metadata(&self) -> ModelMetadata {
        CudaModel::metadata(self)
    }

    fn input_port(&self, position: usize) -> Option<PortMetadata> {
        self.model().input_port(position)
    }

    fn output_port(&self, position: usize) -> Option<PortMetadata> {
        self.model().output_port(position)
    }
}
