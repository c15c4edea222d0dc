//! Which way payloads go through a model.

use isokern_core::compute::{DeviceView, DeviceViewMut};
use isokern_core::{Batch, Payload, PayloadMut};

use crate::direct::Run;
use crate::error::{CudaError, PayloadError};
use crate::model::CudaModel;
use crate::payloads::Way;
use crate::pipeline::{in_order, pipeline};
use crate::placed;
use crate::stream_buffers::StreamBuffers;

impl CudaModel {
    pub(super) fn try_infer_one<I, O>(&mut self, input: &I, output: &mut O) -> Result<(), CudaError>
    where
        I: Payload + ?Sized,
        O: PayloadMut + ?Sized,
    {
        let (from, to) = self.payloads;
        let ready = self.ready.as_mut().ok_or(CudaError::NotInitialized)?;
        let way = from.check(input)?;
        let stays = to.check_mut(output)? == Way::Device;
        ready.wait_for_state()?;
        let [buffers, _] = &mut ready.buffers;
        placed::one(buffers, (from, way, input), (to, stays, output))
    }

    pub(super) fn try_infer_batch<I, O>(
        &mut self,
        inputs: Batch<'_, I>,
        outputs: &mut [O],
    ) -> Result<(), CudaError>
    where
        I: Payload,
        O: PayloadMut,
    {
        let (from, to) = self.payloads;
        let ready = self.ready.as_mut().ok_or(CudaError::NotInitialized)?;
        let counts = (inputs.len(), outputs.len());
        let Some(outputs) = outputs.get_mut(..inputs.len()) else {
            let (inputs, outputs) = counts;
            return Err(PayloadError::TooFewOutputs { inputs, outputs }.into());
        };
        // All payloads are checked before any work, so a batch runs whole or not at all.
        let mut placed = 0;
        for (message, output) in inputs.iter().zip(outputs.iter_mut()) {
            placed += usize::from(from.check(message.payload())? == Way::Device);
            placed += usize::from(to.check_mut(output)? == Way::Device);
        }
        if placed == 2 * inputs.len() {
            return placed::batch(&mut ready.direct, (from, inputs), (to, outputs));
        }
        ready.wait_for_state()?;
        let done = if placed > 0 {
            placed::each(&mut ready.buffers[0], (from, inputs), (to, outputs))
        } else if ready.state.is_some() {
            in_order(&mut ready.buffers[0], inputs.messages(), outputs, self.chunk_samples)
        } else {
            pipeline(&mut ready.buffers, inputs.messages(), outputs, self.chunk_samples)
        };
        if done.is_err() {
            ready.buffers.iter_mut().for_each(StreamBuffers::abandon);
        }
        done
    }

    /// Returns the samples of two views.
    pub(crate) fn run_of(
        &self,
        input: &DeviceView<'_>,
        output: &DeviceViewMut<'_>,
    ) -> Result<Run, CudaError> {
        let (from, to) = self.payloads;
        let samples = from.samples(input)?;
        if to.samples(&output.as_view())? != samples {
            let (have, need) = (output.bytes(), samples.saturating_mul(to.bytes));
            return Err(PayloadError::Bytes { have, need }.into());
        }
        Ok(Run::of(input, output, samples))
    }
}
