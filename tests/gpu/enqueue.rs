//! A model whose input and output stay on the device: what the host's call costs, and the whole.
#![allow(unsafe_code)]

use std::time::Instant;

use isokern_core::InferenceError;
use isokern_core::compute::ModelArtifact;
use isokern_cuda::{CudaBackend, CudaModel, DeviceBuffer};
use isokern_model::{Model, digest};
use serde_json::json;

use crate::device::Gpu;
use crate::launched::told;
use crate::samples::Samples;
use crate::{Effort, Failure};

/// The smallest whole network of the repository.
const DIGITS: &[u8] = include_bytes!("../models/digits.ikm");
const VARIANT: &str = "digits, batch 1";

/// A model with its input and output on the device.
struct OnDevice<'a> {
    gpu: &'a Gpu,
    model: CudaModel,
    input: DeviceBuffer,
    output: DeviceBuffer,
}

/// Measures single calls, then calls in a row; an answer that is not the model's is reported.
pub(crate) fn measure(gpu: &Gpu, effort: Effort, wrong: &mut Vec<String>) -> Result<(), Failure> {
    let artifact = ModelArtifact::new(DIGITS, Some("digits"));
    let view = Model::parse(artifact.bytes());
    let view = view.map_err(|error| Failure::Wrong(error.to_string()))?;
    let (mut values, output_len) = (vec![0_i8; view.input().len()], view.output().len());
    let (seed, expected) = view.header().self_test().unwrap_or_default();
    digest::generate_input(seed, &mut values);
    let mut on_device = OnDevice {
        gpu,
        model: CudaBackend::with_context(gpu.context())?.load(&artifact)?,
        input: DeviceBuffer::new(gpu.context(), values.len())?,
        output: DeviceBuffer::new(gpu.context(), output_len)?,
    };
    on_device.input.upload(bytemuck::cast_slice(&values), gpu.stream())?;
    let ready = on_device.model.init();
    on_device.told(ready)?;
    on_device.single(effort)?;
    on_device.in_a_row(effort)?;
    let mut answer = vec![0_i8; output_len];
    on_device.output.download(bytemuck::cast_slice_mut(&mut answer), gpu.stream())?;
    if digest::fnv1a(&answer) != expected {
        wrong.push(format!("{VARIANT}: the answer is not that of the model's self-test"));
    }
    Ok(())
}

impl OnDevice<'_> {
    fn single(&mut self, effort: Effort) -> Result<(), Failure> {
        let (mut call, mut whole) = (Samples::new(), Samples::new());
        let samples = effort.of(10_000, 3);
        for number in 0..2 * samples {
            let start = Instant::now();
            self.enqueue()?;
            let called = start.elapsed();
            self.drain()?;
            if number >= samples {
                call.add(called);
                whole.add(start.elapsed());
            }
        }
        let more = json!({});
        call.print("model enqueue", VARIANT, "the host's call alone", effort, &more);
        let path = "device to device, host call to drain's end";
        whole.print("model on device", VARIANT, path, effort, &more);
        Ok(())
    }

    fn in_a_row(&mut self, effort: Effort) -> Result<(), Failure> {
        let (mut call, mut whole) = (Samples::new(), Samples::new());
        let (calls, runs) = (effort.of(1000, 3), effort.of(50, 2));
        for number in 0..2 * runs {
            let start = Instant::now();
            for _ in 0..calls {
                self.enqueue()?;
            }
            let called = start.elapsed();
            self.drain()?;
            if number >= runs {
                call.add(called / calls);
                whole.add(start.elapsed() / calls);
            }
        }
        let (more, variant) = (json!({"calls": calls}), format!("{VARIANT}, in a row"));
        let path = "the host's calls, each one's share";
        call.print("model enqueue", &variant, path, effort, &more);
        let path = "device to device, host call to drain's end, each one's share";
        whole.print("model on device", &variant, path, effort, &more);
        Ok(())
    }

    fn enqueue(&mut self) -> Result<(), Failure> {
        let (stream, input) = (self.gpu.stream(), self.input.view());
        // SAFETY: the stream is of the model's context; both buffers live as long as the model,
        // and are used by nothing else until it was drained.
        let done = unsafe { self.model.enqueue_on_device(stream, input, self.output.view_mut()) };
        self.told(done)
    }

    fn drain(&mut self) -> Result<(), Failure> {
        let done = self.model.drain();
        self.told(done)
    }

    fn told(&self, done: Result<(), InferenceError>) -> Result<(), Failure> {
        told(&self.model, done)
    }
}
