//! Runs samples where and how the command line says.

use isokern_core::KernelError;
use isokern_cpu::InstructionSet;

use super::Arguments;
use crate::backend::{Answered, Backend, infer_auto, infer_cuda};
use crate::error::CliError;
use crate::infer::{infer_all, infer_resident, infer_within, load};
use crate::latency::Latencies;
use crate::model_file::ModelFile;
use crate::packed::Samples;
use crate::resident::{self, ResidentModel};
use crate::states::States;

/// Fails where the model cannot run as the command line says, whatever its inputs are.
pub(super) fn check(arguments: &Arguments, file: &ModelFile) -> Result<(), CliError> {
    let is_ring = arguments.mode.is_ring();
    let backend = match arguments.backend {
        Backend::Cpu => None,
        Backend::Cuda => Some("cuda"),
        Backend::Auto => Some("auto"),
    };
    if let Some(backend) = backend.filter(|_| is_ring || arguments.timeout.is_some()) {
        return Err(CliError::BackendInBatch { backend });
    }
    let hides_state =
        if is_ring { Some("--mode ring") } else { arguments.timeout.map(|_| "--timeout") };
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
) -> Result<Answered, CliError> {
    let is_ring = arguments.mode.is_ring();
    let keeps_states = arguments.state.is_some();
    let mut states = States::new(keeps_states);
    let (outputs, latencies) = match arguments.backend {
        Backend::Cuda => return infer_cuda(file, inputs, states, done),
        Backend::Auto => return infer_auto(file, instructions, inputs, (keeps_states, done)),
        Backend::Cpu if is_ring => infer_ring(arguments, file, instructions, inputs, done)?,
        Backend::Cpu => infer_batch(arguments, file, instructions, inputs, (&mut states, done))?,
    };
    let threads = if is_ring { "two threads" } else { "one thread" };
    let place = format!("{instructions}, {threads}");
    Ok(Answered { outputs, latencies, place, reason: None, states })
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
    let answers = infer_resident(&mut model, arguments.timeout, inputs, done)?;
    model.finish()?;
    Ok(answers)
}
