//! A model that is launched for each input: the kernel alone, on memory that both sides reach.
#![allow(unsafe_code)]

use core::time::Duration;
use std::time::Instant;

use isokern_core::InferenceError;
use isokern_core::compute::{DeviceView, DeviceViewMut, ModelArtifact};
use isokern_cuda::{CudaBackend, CudaModel, MappedBuffer};

use crate::Failure;
use crate::device::Gpu;
use crate::resident::{INPUT, OUTPUT};

/// A model, and mapped memory for its input and its output.
#[derive(Debug)]
pub(crate) struct Launched {
    model: CudaModel,
    input: MappedBuffer,
    output: MappedBuffer,
}

impl Launched {
    /// Loads the model.
    pub(crate) fn new(
        gpu: &Gpu,
        backend: &CudaBackend,
        artifact: &ModelArtifact,
    ) -> Result<Self, Failure> {
        let mut model = backend.load(artifact)?;
        let ready = model.init();
        told(&model, ready)?;
        let input = MappedBuffer::new(gpu.context(), INPUT)?;
        let output = MappedBuffer::new(gpu.context(), OUTPUT)?;
        Ok(Self { model, input, output })
    }

    /// Runs it on an image, and returns the time and the scores.
    pub(crate) fn run(
        &mut self,
        gpu: &Gpu,
        image: &[u8; INPUT],
    ) -> Result<(Duration, [u8; OUTPUT]), Failure> {
        let space = gpu.context().space();
        let start = Instant::now();
        self.input.as_mut_slice().copy_from_slice(image);
        // SAFETY: the memory is of this context, and nobody writes it until the wait below is over.
        let input = unsafe { DeviceView::new(space, self.input.address(), INPUT) };
        // SAFETY: as above, and nobody else uses it.
        let output = unsafe { DeviceViewMut::new(space, self.output.address(), OUTPUT) };
        // SAFETY: the stream is of the model's context; both buffers live as long as the model, and
        // are used by nothing else until it was drained.
        let done = unsafe { self.model.enqueue_on_device(gpu.stream(), input, output) };
        told(&self.model, done)?;
        let done = self.model.drain();
        told(&self.model, done)?;
        let mut scores = [0; OUTPUT];
        scores.copy_from_slice(&self.output.as_mut_slice()[..OUTPUT]);
        Ok((start.elapsed(), scores))
    }
}

/// Says what the model knows of an error.
pub(crate) fn told(model: &CudaModel, done: Result<(), InferenceError>) -> Result<(), Failure> {
    done.map_err(|source| match model.last_error() {
        Some(said) => Failure::Cuda(said.clone()),
        None => Failure::Wrong(source.to_string()),
    })
}
