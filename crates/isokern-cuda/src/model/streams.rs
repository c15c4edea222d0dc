//! The streams of a model with state: many side by side, and what each keeps.

use isokern_core::InferenceError;
use isokern_core::compute::{DeviceView, DeviceViewMut};

use crate::error::PayloadError;
use crate::model::CudaModel;

impl CudaModel {
    /// Returns how many streams the model has, each with a state of its own: what
    /// [`CudaBackend::with_streams`](crate::CudaBackend::with_streams) says, and 1 for a model
    /// without state.
    #[must_use]
    pub fn streams(&self) -> usize {
        if self.model().state_bytes() > 0 { self.streams } else { 1 }
    }

    /// Runs as many samples of every stream as the views hold, from device memory to device
    /// memory, in one launch, and waits for them. The samples of the first stream come first, in
    /// order, then those of the second, and so on. A stream is one block's; streams run side by
    /// side.
    ///
    /// All other ways step the first stream alone.
    ///
    /// # Errors
    ///
    /// As [`infer_on_device`](Self::infer_on_device); samples that are no multiple of
    /// [`streams`](Self::streams) are a mismatch.
    pub fn infer_streams_on_device(
        &mut self,
        input: DeviceView<'_>,
        output: DeviceViewMut<'_>,
    ) -> Result<(), InferenceError> {
        let (streams, have) = (self.streams(), input.bytes());
        let step_bytes = self.model().input_bytes().saturating_mul(streams);
        let result = if have.is_multiple_of(step_bytes) {
            self.try_infer_on_device(input, output, streams)
        } else {
            let need = have.next_multiple_of(step_bytes);
            Err(PayloadError::Bytes { have, need }.into())
        };
        result.map_err(|error| self.note(error))
    }

    /// Copies the states of all streams, as the last steps left them, to `target`: one after the
    /// other, as many bytes of each as the model has of state. Waits for work that is going on.
    ///
    /// # Errors
    ///
    /// Kinds of [`CudaError`](crate::CudaError); a target of another length is a mismatch.
    pub fn read_state(&mut self, target: &mut [u8]) -> Result<(), InferenceError> {
        let state_bytes = self.model().state_bytes();
        let (have, need) = (target.len(), state_bytes.saturating_mul(self.streams()));
        let result = self.ready().and_then(|ready| {
            if have != need {
                return Err(PayloadError::Bytes { have, need }.into());
            }
            ready.wait_for_state()?;
            ready.state.as_ref().map_or(Ok(()), |state| state.read(target, state_bytes))
        });
        result.map_err(|error| self.note(error))
    }
}
