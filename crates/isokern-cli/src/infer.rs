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

use crate::asked::AskedModel;
use crate::error::CliError;
use crate::latency::Latencies;
use crate::packed::{Packed, Samples};

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
    B: ComputeBackend<[u8], [u8], ModelDescriptor<'desc> = &'desc ModelArtifact> + 'desc,
{
    backend.load_model(artifact)
}

/// The inputs of one sample, as a model of the program takes them.
type Input<'b> = Packed<&'b [u8]>;
/// The place for its outputs.
type Output<'b> = Packed<&'b mut [u8]>;

/// A model that takes samples as the program has them.
pub(crate) trait SampleModel: for<'i, 'o> ComputeModel<Input<'i>, Output<'o>> {}

impl<M: for<'i, 'o> ComputeModel<Input<'i>, Output<'o>>> SampleModel for M {}

/// Runs every sample, in order; the result has `output_bytes` for each.
///
/// A time is that of one `infer_one`: inputs copied in, all operators, outputs copied out. `done`
/// sees the model after each.
pub(crate) fn infer_all<M: SampleModel>(
    model: &mut M,
    inputs: &Samples,
    output_bytes: usize,
    mut done: impl FnMut(&mut M) -> Result<(), InferenceError>,
) -> Result<(Vec<u8>, Latencies), InferenceError> {
    let mut outputs = vec![0; inputs.count() * output_bytes];
    let mut latencies = Latencies::default();
    for (input, output) in inputs.iter().zip(outputs.chunks_exact_mut(output_bytes)) {
        let start = Instant::now();
        model.infer_one(&Packed(input), &mut Packed(output))?;
        latencies.add(start.elapsed());
        done(model)?;
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

/// As [`infer_all`], and no sample may take longer than `limit`: the model is stopped at the
/// next operator and the run ends there.
pub(crate) fn infer_within(
    model: CpuModel<'static>,
    limit: Duration,
    inputs: &Samples,
    mut done: impl FnMut(),
) -> Result<(Vec<u8>, Latencies), Stopped> {
    const METADATA: KernelMetadata = KernelMetadata::new("run", KernelMode::Batch);
    let stopped = |input_index| move |error| Stopped { input_index, error };
    let blank = Packed(vec![0; model.model().output_bytes()]);
    let kernel = CpuKernel::try_new(METADATA, model, blank).map_err(stopped(0))?;
    let mut outputs = Vec::new();
    let mut latencies = Latencies::default();
    for (index, input) in inputs.iter().map(Packed).enumerate() {
        let start = Instant::now();
        let answer = pollster::block_on(kernel.execute_with_timeout(&SystemClock, input, limit));
        outputs.append(&mut answer.map_err(stopped(index))?.0);
        latencies.add(start.elapsed());
        done();
    }
    Ok((outputs, latencies))
}

/// Runs every sample through a model that is asked, as many under way at once as it has room for;
/// the result has the outputs in the order of the samples.
///
/// A time is that from the question or the submission, its input written already, to the
/// collected answer: those before it are part of it. With a limit none may be longer.
pub(crate) fn infer_asked(
    model: &mut impl AskedModel,
    limit: Option<Duration>,
    inputs: &Samples,
    mut done: impl FnMut(),
) -> Result<(Vec<u8>, Latencies), CliError> {
    let mut inputs = inputs.iter().peekable();
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
