//! A model on a GPU, and its errors in the backend's words.

use isokern_core::ComputeModel;
use isokern_core::{Batch, InferenceError, InferenceErrorKind, Message, MessageHeader};
use isokern_cuda::{CudaBackend, CudaError, CudaModel};

use crate::error::Error;
use crate::model::Model;
use crate::samples::Packed;

/// A model on a GPU, ready.
#[derive(Debug)]
pub(super) struct CudaRunner {
    name: String,
    backend: CudaBackend,
    model: CudaModel,
    output_bytes: usize,
}

impl CudaRunner {
    /// Loads a model and makes it ready; the error is the backend's own.
    pub(super) fn start(model: &Model, ordinal: u32) -> Result<Self, CudaError> {
        let (backend, mut loaded) = model.load_cuda(ordinal)?;
        let ready = loaded.init();
        ready.map_err(|_| loaded.last_error().cloned().unwrap_or(CudaError::NotInitialized))?;
        let (name, output_bytes) = (model.name().to_owned(), model.outputs().sample_bytes());
        Ok(Self { name, backend, model: loaded, output_bytes })
    }

    /// Returns the device by its name; a simulator says in it that it is one.
    pub(super) fn place(&self) -> String {
        let name = self.backend.context().map(|context| context.device().name());
        let name = name.unwrap_or(Err(CudaError::NoDevice));
        format!("{}, host to host", name.unwrap_or_else(|_| "a GPU".to_owned()))
    }

    pub(super) fn run_one(&mut self, sample: &[u8], output: &mut [u8]) -> Result<(), Error> {
        let done = self.model.infer_one(&Packed(sample), &mut Packed(output));
        self.told(done)
    }

    /// Runs samples together: copies and launches overlap.
    pub(super) fn run_batch<'s>(
        &mut self,
        samples: impl Iterator<Item = &'s [u8]>,
        outputs: &mut [u8],
    ) -> Result<(), Error> {
        let message = |sample| Message::new(MessageHeader::new(), Packed(sample));
        let messages: Vec<Message<Packed<&[u8]>>> = samples.map(message).collect();
        let mut outputs: Vec<Packed<&mut [u8]>> =
            outputs.chunks_exact_mut(self.output_bytes.max(1)).map(Packed).collect();
        let done = self.model.infer_batch(Batch::new(&messages), &mut outputs);
        self.told(done)
    }

    pub(super) fn reset(&mut self) -> Result<(), Error> {
        let done = self.model.reset();
        self.told(done)
    }

    pub(super) fn append_state(&mut self, target: &mut Vec<u8>) -> Result<(), Error> {
        let start = target.len();
        target.resize(start + self.model.model().state_bytes(), 0);
        let done = self.model.read_state(&mut target[start..]);
        self.told(done)
    }

    fn told(&self, done: Result<(), InferenceError>) -> Result<(), Error> {
        done.map_err(|source| Error::of_cuda(&self.name, &self.model, source))
    }
}

impl Error {
    /// Returns the error of a step on a GPU in the backend's words, where it kept them.
    #[must_use]
    pub fn of_cuda(name: &str, model: &CudaModel, source: InferenceError) -> Self {
        let name = name.to_owned();
        match model.last_error() {
            Some(said) => Self::Cuda { name, source: Box::new(said.clone()) },
            None => Self::Infer { name, source },
        }
    }

    /// Returns whether memory ran out, so that another device may do.
    pub(super) fn is_shortage(&self) -> bool {
        let kind = match self {
            Self::Cuda { source, .. } => InferenceError::from((**source).clone()).kind(),
            Self::Infer { source, .. } => source.kind(),
            _ => return false,
        };
        kind == InferenceErrorKind::ResourceUnavailable
    }

    /// Returns what went wrong, without the model's name.
    pub(super) fn cause(&self) -> String {
        match self {
            Self::Cuda { source, .. } => source.to_string(),
            Self::Resident { source, .. } => source.to_string(),
            Self::Infer { source, .. } => source.to_string(),
            other => other.to_string(),
        }
    }

    /// Returns the error with the index of the input in a batch.
    pub(super) fn at(self, index: usize) -> Self {
        match self {
            Self::Timeout { name, limit, .. } => Self::Timeout { name, input_index: index, limit },
            other => other,
        }
    }
}
