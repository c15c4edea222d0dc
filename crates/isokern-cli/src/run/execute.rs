//! Runs samples where and how the command line says.

use isokern_core::KernelError;
use isokern_cpu::InstructionSet;

use super::Arguments;
use crate::backend::{Answered, Backend, infer_auto, infer_cuda};
use crate::error::CliError;
use crate::figures::counted;
use crate::infer::{infer_all, infer_asked, infer_within, load};
use crate::latency::Latencies;
use crate::model_file::ModelFile;
use crate::packed::Samples;
use crate::resident::{self, ResidentModel};
use crate::states::States;
use crate::tasked::trace::Claim;
use crate::tasked::{self, TaskedModel, TaskedPlan};

/// Fails where the model cannot run as the command line says, whatever its inputs are.
pub(super) fn check(arguments: &Arguments, file: &ModelFile) -> Result<(), CliError> {
    let mode = arguments.mode;
    if !mode.is_megakernel() {
        let options =
            [("--trace", arguments.trace.is_some()), ("--workers", arguments.workers.is_some())];
        if let Some((option, _)) = options.into_iter().find(|(_, is_there)| *is_there) {
            return Err(CliError::NoTasks { option });
        }
    }
    let backend = match arguments.backend {
        Backend::Cpu => None,
        Backend::Cuda => Some("cuda"),
        Backend::Auto => Some("auto"),
    };
    if let Some(backend) = backend.filter(|_| !mode.is_batch() || arguments.timeout.is_some()) {
        return Err(CliError::BackendInBatch { backend });
    }
    let hides_state = if mode.is_ring() {
        Some("--mode ring")
    } else if mode.is_megakernel() {
        Some("--mode megakernel")
    } else {
        arguments.timeout.map(|_| "--timeout")
    };
    match (&arguments.state, hides_state) {
        (None, _) => Ok(()),
        (Some(_), Some(option)) => Err(CliError::StateHidden { option }),
        (Some(_), None) if file.model()?.state_bytes() > 0 => Ok(()),
        (Some(_), None) => Err(CliError::NoState { name: file.name.clone() }),
    }
}

/// Runs all samples, in order.
pub(super) fn infer(
    arguments: &Arguments,
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &Samples,
    done: impl FnMut(),
) -> Result<Ran, CliError> {
    let mode = arguments.mode;
    if mode.is_megakernel() {
        return infer_tasks(arguments, file, instructions, inputs, done);
    }
    let is_ring = mode.is_ring();
    let keeps_states = arguments.state.is_some();
    let mut states = States::new(keeps_states);
    let (outputs, latencies) = match arguments.backend {
        Backend::Cuda => return infer_cuda(file, inputs, states, done).map(Ran::from),
        Backend::Auto => {
            let done = (keeps_states, done);
            return infer_auto(file, instructions, inputs, done).map(Ran::from);
        }
        Backend::Cpu if is_ring => infer_ring(arguments, file, instructions, inputs, done)?,
        Backend::Cpu => infer_batch(arguments, file, instructions, inputs, (&mut states, done))?,
    };
    let threads = if is_ring { "two threads" } else { "one thread" };
    let place = format!("{instructions}, {threads}");
    Ok(Ran::from(Answered { outputs, latencies, place, reason: None, states }))
}

/// What a run gave, and what its workers did.
pub(super) struct Ran {
    pub(super) answered: Answered,
    pub(super) claims: Vec<Claim>,
}

impl From<Answered> for Ran {
    fn from(answered: Answered) -> Self {
        Self { answered, claims: Vec::new() }
    }
}

fn infer_tasks(
    arguments: &Arguments,
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &Samples,
    done: impl FnMut(),
) -> Result<Ran, CliError> {
    let ModelFile { name, artifact, .. } = file;
    let (workers, is_traced) = (arguments.workers, arguments.trace.is_some());
    let plan = TaskedPlan { in_flight: tasked::IN_FLIGHT, workers, is_traced };
    let mut model = TaskedModel::start(name, artifact, instructions, plan)?;
    let workers = counted(model.worker_count(), "worker");
    let (outputs, latencies) = infer_asked(&mut model, arguments.timeout, inputs, done)?;
    let (_, claims) = model.finish()?;
    let place = format!("{instructions}, {workers}");
    let states = States::default();
    Ok(Ran { answered: Answered { outputs, latencies, place, reason: None, states }, claims })
}

fn infer_batch(
    arguments: &Arguments,
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &Samples,
    (states, mut done): (&mut States, impl FnMut()),
) -> Result<(Vec<u8>, Latencies), CliError> {
    let name = file.name.as_str();
    let mut model = load(name, &file.artifact, instructions)?;
    if let Some(limit) = arguments.timeout {
        return infer_within(model, limit, inputs, done).map_err(|stopped| {
            let (name, input_index) = (name.to_owned(), stopped.input_index);
            let source = stopped.error;
            if matches!(source, KernelError::Timeout { .. } | KernelError::DeadlineExceeded) {
                CliError::Timeout { name, input_index, limit }
            } else {
                CliError::Kernel { name, input_index, source }
            }
        });
    }
    let output_bytes = model.model().output_bytes();
    let done = |model: &mut _| {
        done();
        states.note(model)
    };
    infer_all(&mut model, inputs, output_bytes, done)
        .map_err(|source| CliError::Infer { name: name.to_owned(), source })
}

fn infer_ring(
    arguments: &Arguments,
    file: &ModelFile,
    instructions: InstructionSet,
    inputs: &Samples,
    done: impl FnMut(),
) -> Result<(Vec<u8>, Latencies), CliError> {
    let ModelFile { name, artifact, .. } = file;
    let (slots, wait) = (resident::SLOTS, resident::PARKED);
    let mut model = ResidentModel::start(name, artifact, instructions, slots, wait)?;
    let answers = infer_asked(&mut model, arguments.timeout, inputs, done)?;
    model.finish()?;
    Ok(answers)
}
