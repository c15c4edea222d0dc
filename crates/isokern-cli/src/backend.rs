//! What a model runs on, as the command line names it.

use core::fmt::Display;

use clap::ValueEnum;
use isokern_core::{InferenceError, InferenceErrorKind};
use isokern_cpu::InstructionSet;
use isokern_cuda::{CudaBackend, CudaError, CudaModel};

use crate::error::CliError;
use crate::infer::{infer_all, load};
use crate::latency::Latencies;
use crate::model_file::ModelFile;
use crate::packed::Samples;
use crate::states::States;

/// The device of `--backend cuda`.
const ORDINAL: u32 = 0;

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// This processor
    Cpu,
    /// The first NVIDIA GPU; an error says why where there is none
    Cuda,
    /// The first NVIDIA GPU; this processor where there is none, or its memory is full
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
    /// The state after each input, where it was to be seen.
    pub(crate) states: States,
}

/// Loads a model on the GPU.
pub(crate) fn load_cuda(file: &ModelFile) -> Result<(CudaBackend, CudaModel), CliError> {
    try_load_cuda(file).map_err(|source| refused(file, source))
}

fn try_load_cuda(file: &ModelFile) -> Result<(CudaBackend, CudaModel), CudaError> {
    let backend = CudaBackend::new(ORDINAL)?;
    let model = backend.load(&file.artifact)?;
    Ok((backend, model))
}

fn refused(file: &ModelFile, source: CudaError) -> CliError {
    CliError::Cuda { name: file.name.clone(), source: Box::new(source) }
}

/// The error of a step in the backend's words, where it kept them.
pub(crate) fn told(file: &ModelFile, model: &CudaModel, source: InferenceError) -> CliError {
    let name = file.name.clone();
    match model.last_error() {
        Some(said) => CliError::Cuda { name, source: Box::new(said.clone()) },
        None => CliError::Infer { name, source },
    }
}

/// Runs every input on the GPU, or fails. The states go to `states`.
pub(crate) fn infer_cuda(
    file: &ModelFile,
    inputs: &Samples,
    states: States,
    done: impl FnMut(),
) -> Result<Answered, CliError> {
    let (backend, mut model) = load_cuda(file)?;
    init(&mut model).map_err(|source| refused(file, source))?;
    let output_bytes = file.model()?.output_bytes();
    infer_on(&backend, &mut model, output_bytes, inputs, (states, done))
        .map_err(|source| told(file, &model, source))
}

/// Runs every input on the GPU, or on this processor, from the first input on, where the GPU
/// cannot be made ready or its memory is full; the answer then has the reason.
pub(crate) fn infer_auto(
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &Samples,
    (keeps_states, mut done): (bool, impl FnMut()),
) -> Result<Answered, CliError> {
    let output_bytes = file.model()?.output_bytes();
    let reason = match try_load_cuda(file).and_then(|(backend, mut model)| {
        init(&mut model)?;
        Ok((backend, model))
    }) {
        Err(error) => one_line(&error),
        Ok((backend, mut model)) => {
            let states = States::new(keeps_states);
            match infer_on(&backend, &mut model, output_bytes, inputs, (states, &mut done)) {
                Err(source) if source.kind() == InferenceErrorKind::ResourceUnavailable => {
                    model.last_error().map_or_else(|| one_line(source), one_line)
                }
                answered => return answered.map_err(|source| told(file, &model, source)),
            }
        }
    };
    let name = || file.name.clone();
    let mut model = load(&name(), &file.artifact, instructions)?;
    let mut states = States::new(keeps_states);
    let (outputs, latencies) = infer_all(&mut model, inputs, output_bytes, |model| {
        done();
        states.note(model)
    })
    .map_err(|source| CliError::Infer { name: name(), source })?;
    let place = format!("{instructions}, one thread");
    Ok(Answered { outputs, latencies, place, reason: Some(reason), states })
}

/// Makes a model ready; the error is the backend's own.
fn init(model: &mut CudaModel) -> Result<(), CudaError> {
    let ready = model.init();
    ready.map_err(|_| model.last_error().cloned().unwrap_or(CudaError::NotInitialized))
}

fn infer_on(
    backend: &CudaBackend,
    model: &mut CudaModel,
    output_bytes: usize,
    inputs: &Samples,
    (mut states, mut done): (States, impl FnMut()),
) -> Result<Answered, InferenceError> {
    let (outputs, latencies) = infer_all(model, inputs, output_bytes, |model| {
        done();
        states.note(model)
    })?;
    Ok(Answered { outputs, latencies, place: gpu(backend), reason: None, states })
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
