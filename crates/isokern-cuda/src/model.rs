//! A loaded model: two lanes for payloads of the host, and a way for memory of the device.
#![allow(unsafe_code)]

use std::sync::Arc;

use isokern_core::compute::{MemoryClass, ModelArtifact, ModelMetadata, PortMetadata};
use isokern_core::{Batch, ComputeModel, DType, InferenceError, Payload, PayloadMut};
use isokern_model::{Checked, Model};

use crate::driver::{Context, DeviceView, DeviceViewMut, Stream, device_address};
use crate::error::{CudaError, PayloadError};
use crate::kernel::Kernel;
use crate::lane::Lane;
use crate::pipeline::{copy, in_order, pipeline};
use crate::port;
use crate::port::Way;
use crate::ready::Ready;
use crate::state::DeviceState;

/// A model on a GPU, loaded by [`CudaBackend`](crate::CudaBackend).
///
/// [`init`](Self::init) copies it to the device and allocates all that steps need; afterwards
/// nothing is allocated on the host, and on the device only when a batch size comes for the
/// second time, whose work is then recorded as a graph.
///
/// The contract's errors are numbers; [`last_error`](Self::last_error) has the last one in
/// words. After [`CudaError::DeviceLost`] nothing works any more; after any other error the
/// model is usable.
#[derive(Debug)]
pub struct CudaModel {
    kernel: Arc<Kernel>,
    artifact: ModelArtifact,
    checked: Checked,
    input_bytes: usize,
    output_bytes: usize,
    /// Element types of all inputs, and of all outputs, where they are the same.
    dtypes: (Option<DType>, Option<DType>),
    metadata: ModelMetadata,
    chunk_samples: usize,
    ready: Option<Ready>,
    last_error: Option<CudaError>,
}

impl CudaModel {
    pub(crate) fn new(
        kernel: Arc<Kernel>,
        artifact: ModelArtifact,
        model: &Model<'_>,
        chunk_samples: usize,
    ) -> Self {
        Self {
            kernel,
            checked: model.checked(),
            input_bytes: model.input_bytes(),
            output_bytes: model.output_bytes(),
            dtypes: (model.input_dtype(), model.output_dtype()),
            metadata: model.metadata(MemoryClass::PinnedHost, MemoryClass::Host),
            artifact,
            chunk_samples,
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
        match Ready::new(Arc::clone(&self.kernel), &model, self.chunk_samples) {
            Ok(ready) => {
                self.ready = Some(ready);
                Ok(())
            }
            Err(error) => Err(self.note(error)),
        }
    }

    /// Runs the model once, from one payload to another. Several inputs are packed into one
    /// payload, one after the other; several outputs come in the same way.
    ///
    /// A model with state steps its one stream. After a fault of the device, the state is the
    /// initial one again.
    ///
    /// Pinned and shared inputs are read by the device where they lie.
    ///
    /// # Errors
    ///
    /// Kinds of [`CudaError`]. On an error the output payload is unchanged.
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
    /// counts, are a mismatch.
    pub fn infer_on_device(
        &mut self,
        input: DeviceView<'_>,
        output: DeviceViewMut<'_>,
    ) -> Result<(), InferenceError> {
        let result = self.ready().and_then(|ready| ready.direct.run(input, output));
        result.map_err(|error| self.note(error))
    }

    /// The same on a stream of the caller's, without waiting: work that is in the stream before
    /// comes first. [`drain`](Self::drain) waits, and says what went wrong.
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
        let result = self.ready().and_then(|ready| {
            // SAFETY: by this function's contract.
            unsafe { ready.direct.enqueue(Some(stream), input, output) }
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
            ready.lanes.iter_mut().for_each(Lane::abandon);
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
            for lane in &mut ready.lanes {
                lane.abandon();
                lane.forget_fault()?;
            }
            match ready.direct.drain() {
                Ok(()) | Err(CudaError::Fault(_)) => ready.direct.forget_fault()?,
                Err(error) => return Err(error),
            }
            ready.state.as_mut().map_or(Ok(()), DeviceState::reset)
        });
        result.map_err(|error| self.note(error))
    }

    /// The model's description.
    #[must_use]
    pub const fn metadata(&self) -> ModelMetadata {
        self.metadata
    }

    /// The model as its bytes describe it.
    #[must_use]
    pub fn model(&self) -> Model<'_> {
        self.checked.view(self.artifact.bytes())
    }

    /// Samples of a batch that one launch takes.
    #[must_use]
    pub const fn chunk_samples(&self) -> usize {
        self.chunk_samples
    }

    /// The context it is loaded in.
    #[must_use]
    pub fn context(&self) -> &Context {
        self.kernel.context()
    }

    /// The last failure in words, with what the driver said.
    #[must_use]
    pub const fn last_error(&self) -> Option<&CudaError> {
        self.last_error.as_ref()
    }

    fn try_infer_one<I, O>(&mut self, input: &I, output: &mut O) -> Result<(), CudaError>
    where
        I: Payload + ?Sized,
        O: PayloadMut + ?Sized,
    {
        let (input_bytes, output_bytes) = (self.input_bytes, self.output_bytes);
        let ready = self.ready.as_mut().ok_or(CudaError::NotInitialized)?;
        let way = port::check(input, input_bytes, self.dtypes.0)?;
        port::check(output, output_bytes, self.dtypes.1)?;
        ready.wait_for_state()?;
        let [lane, _] = &mut ready.lanes;
        let bytes = input.as_bytes();
        // A payload that only says it is pinned has no address there: it is copied. So is one
        // that gives other bytes than it was checked with.
        let address = match way {
            Way::InPlace if bytes.len() == input_bytes => {
                device_address(self.kernel.context(), bytes).ok()
            }
            Way::InPlace | Way::Staged => None,
        };
        if let Some(address) = address {
            // SAFETY: the payload is borrowed until `finish` has waited.
            unsafe { lane.start_in_place(address) }?;
        } else {
            copy(bytes, lane.staging());
            lane.start(1)?;
        }
        copy(lane.finish()?, output.as_bytes_mut());
        Ok(())
    }

    fn try_infer_batch<I, O>(
        &mut self,
        inputs: Batch<'_, I>,
        outputs: &mut [O],
    ) -> Result<(), CudaError>
    where
        I: Payload,
        O: PayloadMut,
    {
        let (input_bytes, output_bytes) = (self.input_bytes, self.output_bytes);
        let ready = self.ready.as_mut().ok_or(CudaError::NotInitialized)?;
        let counts = (inputs.len(), outputs.len());
        let Some(outputs) = outputs.get_mut(..inputs.len()) else {
            let (inputs, outputs) = counts;
            return Err(PayloadError::TooFewOutputs { inputs, outputs }.into());
        };
        // All payloads are checked before any work, so a batch runs whole or not at all.
        for (message, output) in inputs.iter().zip(outputs.iter()) {
            port::check(message.payload(), input_bytes, self.dtypes.0)?;
            port::check(output, output_bytes, self.dtypes.1)?;
        }
        ready.wait_for_state()?;
        let done = if ready.state.is_some() {
            in_order(&mut ready.lanes[0], inputs.messages(), outputs, self.chunk_samples)
        } else {
            pipeline(&mut ready.lanes, inputs.messages(), outputs, self.chunk_samples)
        };
        if done.is_err() {
            ready.lanes.iter_mut().for_each(Lane::abandon);
        }
        done
    }

    fn ready(&mut self) -> Result<&mut Ready, CudaError> {
        self.ready.as_mut().ok_or(CudaError::NotInitialized)
    }

    /// Keeps an error in words and gives it as the contract's.
    fn note(&mut self, mut error: CudaError) -> InferenceError {
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
