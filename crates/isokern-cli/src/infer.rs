//! Many inputs through one model, called or resident, with the time of each.

use core::time::Duration;
use std::time::Instant;

use isokern_core::compute::ModelArtifact;
use isokern_core::{
    BatchKernel, ComputeBackend, ComputeModel, InferenceError, KernelError, KernelMetadata,
    KernelMode,
};
use isokern_cpu::{ArtifactBackend, CpuKernel, CpuModel, InstructionSet};
use isokern_guard::SystemClock;

use crate::error::CliError;
use crate::latency::Latencies;
use crate::resident::ResidentModel;

/// Loads a model for these instructions and makes it ready.
pub(crate) fn load(
    name: &str,
    artifact: &ModelArtifact,
    instructions: InstructionSet,
) -> Result<CpuModel<'static>, CliError> {
    let backend = ArtifactBackend::new().with_instruction_set(instructions);
    let mut model = load_with(&backend, artifact)
        .map_err(|source| CliError::Load { name: name.to_owned(), source })?;
    model.init().map_err(|source| CliError::Infer { name: name.to_owned(), source })?;
    Ok(model)
}

fn load_with<'desc, B>(backend: &B, artifact: &'desc ModelArtifact) -> Result<B::Model, B::Error>
where
    B: ComputeBackend<[i8], [i8], ModelDescriptor<'desc> = &'desc ModelArtifact> + 'desc,
{
    backend.load_model(artifact)
}

/// Runs every input of `input_len` values; outputs lie one after another in the result.
///
/// A time is that of one `infer_one`: input copied in, all operators, output copied out.
pub(crate) fn infer_all<M: ComputeModel<[i8], [i8]>>(
    model: &mut M,
    inputs: &[i8],
    input_len: usize,
    output_len: usize,
    mut done: impl FnMut(),
) -> Result<(Vec<i8>, Latencies), InferenceError> {
    let mut outputs = vec![0; inputs.len() / input_len * output_len];
    let mut latencies = Latencies::default();
    for (input, output) in inputs.chunks_exact(input_len).zip(outputs.chunks_exact_mut(output_len))
    {
        let start = Instant::now();
        model.infer_one(input, output)?;
        latencies.add(start.elapsed());
        done();
    }
    Ok((outputs, latencies))
}

/// Why a run with a time limit gave no answers.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// Which input it was, from 0.
    pub(crate) input_index: usize,
    /// What happened to it.
    pub(crate) error: KernelError,
}

/// As [`infer_all`], and no input may take longer than `limit`: the model is stopped at the
/// next operator and the run ends there.
pub(crate) fn infer_within(
    model: CpuModel<'static>,
    limit: Duration,
    inputs: &[i8],
    mut done: impl FnMut(),
) -> Result<(Vec<i8>, Latencies), Stopped> {
    const METADATA: KernelMetadata = KernelMetadata::new("run", KernelMode::Batch);
    let stopped = |input_index| move |error| Stopped { input_index, error };
    let input_len = model.model().input().len();
    let blank = vec![0_i8; model.model().output().len()];
    let kernel = CpuKernel::try_new(METADATA, model, blank).map_err(stopped(0))?;
    let mut outputs = Vec::new();
    let mut latencies = Latencies::default();
    for (index, input) in inputs.chunks_exact(input_len).enumerate() {
        let start = Instant::now();
        let answer = pollster::block_on(kernel.execute_with_timeout(&SystemClock, input, limit));
        outputs.append(&mut answer.map_err(stopped(index))?);
        latencies.add(start.elapsed());
        done();
    }
    Ok((outputs, latencies))
}

/// Runs every input through a resident model, as many under way at once as it has buffers;
/// outputs lie one after another in the result, in the order of the inputs.
///
/// A time is that from the question, its input written already, to the collected answer: the
/// questions before it in the ring are part of it. With a limit none may be longer.
pub(crate) fn infer_resident(
    model: &mut ResidentModel,
    limit: Option<Duration>,
    inputs: &[i8],
    mut done: impl FnMut(),
) -> Result<(Vec<i8>, Latencies), CliError> {
    let input_len = model.program().model().input().len();
    let mut inputs = inputs.chunks_exact(input_len).peekable();
    let mut outputs = Vec::new();
    let mut latencies = Latencies::default();
    loop {
        while let Some(input) = inputs.peek() {
            if !model.try_ask(input, limit)? {
                break;
            }
            inputs.next();
        }
        let Some(time) = model.answer(|output| outputs.extend_from_slice(output))? else {
            return Ok((outputs, latencies));
        };
        latencies.add(time);
        done();
    }
}
