//! What a model runs on, as the command line names it.

use core::fmt::Display;

use clap::ValueEnum;
use isokern_core::compute::{Fallback, FallbackDescriptor, FallbackSide};
use isokern_core::{ComputeBackend, ComputeModel, InferenceError};
use isokern_cpu::{ArtifactBackend, InstructionSet};
use isokern_cuda::{CudaBackend, CudaError, CudaModel};

use crate::error::CliError;
use crate::infer::infer_all;
use crate::latency::Latencies;
use crate::model_file::ModelFile;
use crate::packed::Samples;

/// The device of `--backend cuda`.
const ORDINAL: u32 = 0;

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// This processor
    Cpu,
    /// The first NVIDIA GPU; an error says why where there is none
    Cuda,
    /// The first NVIDIA GPU, this processor where there is none
    Auto,
}

/// What inputs gave, and where.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The outputs of one input after another.
    pub(crate) outputs: Vec<u8>,
    /// One for each input.
    pub(crate) latencies: Latencies,
    /// What ran, and how a time is to be read.
    pub(crate) place: String,
    /// Why it was not the GPU, on one line.
    pub(crate) reason: Option<String>,
}

/// Loads a model on the GPU.
pub(crate) fn load_cuda(file: &ModelFile) -> Result<(CudaBackend, CudaModel), CliError> {
    let refused = |source| CliError::Cuda { name: file.name.clone(), source: Box::new(source) };
    let backend = CudaBackend::new(ORDINAL).map_err(refused)?;
    let model = backend.load(&file.artifact).map_err(refused)?;
    Ok((backend, model))
}

/// The error of a step in the backend's words, where it kept them.
pub(crate) fn told(file: &ModelFile, model: &CudaModel, source: InferenceError) -> CliError {
    let name = file.name.clone();
    match model.last_error() {
        Some(said) => CliError::Cuda { name, source: Box::new(said.clone()) },
        None => CliError::Infer { name, source },
    }
}

/// Runs every input on the GPU, or fails.
pub(crate) fn infer_cuda(
    file: &ModelFile,
    inputs: &Samples,
    done: impl FnMut(),
) -> Result<Answered, CliError> {
    let output_bytes = file.model()?.output_bytes();
    let (backend, mut model) = load_cuda(file)?;
    let ready = model.init();
    let result = ready.and_then(|()| infer_all(&mut model, inputs, output_bytes, done));
    let (outputs, latencies) = result.map_err(|source| told(file, &model, source))?;
    Ok(Answered { outputs, latencies, place: gpu(&backend), reason: None })
}

/// Runs every input on the GPU, or on this processor where the GPU cannot load the model.
pub(crate) fn infer_auto(
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &Samples,
    done: impl FnMut(),
) -> Result<Answered, CliError> {
    let name = || file.name.clone();
    let cpu = ArtifactBackend::new().with_instruction_set(instructions);
    let backend = Fallback::new(CudaBackend::if_available(ORDINAL), cpu);
    let descriptor = FallbackDescriptor { primary: &file.artifact, secondary: &file.artifact };
    let mut model = ComputeBackend::<[u8], [u8]>::load_model(&backend, descriptor)
        .map_err(|error| CliError::Load { name: name(), source: error.secondary })?;
    let output_bytes = file.model()?.output_bytes();
    let infer = |source| CliError::Infer { name: name(), source };
    ComputeModel::<[u8], [u8]>::init(&mut model).map_err(infer)?;
    let (outputs, latencies) = infer_all(&mut model, inputs, output_bytes, done).map_err(infer)?;
    let (place, reason) = match model.which() {
        FallbackSide::Primary => (gpu(backend.primary()), None),
        FallbackSide::Secondary => {
            let reason = match (backend.primary().unavailable(), model.reason()) {
                (Some(error), _) => one_line(error),
                (None, reason) => reason.map(one_line).unwrap_or_default(),
            };
            (format!("{instructions}, one thread"), Some(reason))
        }
    };
    Ok(Answered { outputs, latencies, place, reason })
}

/// An error without its remedy.
pub(crate) fn one_line(error: impl Display) -> String {
    let text = error.to_string();
    text.split_once(". Fix: ").map_or(text.as_str(), |(wrong, _)| wrong).to_owned()
}

/// The device by its name; a simulator says in it that it is one.
fn gpu(backend: &CudaBackend) -> String {
    let name = backend.context().map(|context| context.device().name());
    let name = name.unwrap_or(Err(CudaError::NoDevice));
    format!("{}, host to host", name.unwrap_or_else(|_| "a GPU".to_owned()))
}
