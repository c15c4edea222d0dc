//! Runs samples where and how the command line says.

use isokern::samples::Samples;
use isokern::tasked::Claim;
use isokern::{InstructionSet, Latencies, Model, Plan};

use super::Arguments;
use crate::error::CliError;
use crate::mode::Mode;
use crate::states::States;

/// What a run gave, and where.
#[derive(Debug)]
pub(super) struct Ran {
    /// The outputs of one input after another.
    pub(super) outputs: Vec<u8>,
    /// One for each input.
    pub(super) latencies: Latencies,
    /// What ran, and how a time is to be read.
    pub(super) place: String,
    /// Why it was not the GPU.
    pub(super) reason: Option<String>,
    /// The state after each input, where it was to be seen.
    pub(super) states: States,
    /// What the workers did, where a trace is wanted.
    pub(super) claims: Vec<Claim>,
}

/// Fails where the model cannot run as the command line says, whatever its inputs are.
pub(super) fn check(arguments: &Arguments, model: &Model) -> Result<(), CliError> {
    let mode = arguments.mode;
    if !mode.is_megakernel() {
        let options =
            [("--trace", arguments.trace.is_some()), ("--workers", arguments.workers.is_some())];
        if let Some((option, _)) = options.into_iter().find(|(_, is_there)| *is_there) {
            return Err(CliError::NoTasks { option });
        }
    }
    match (&arguments.state, hides_state(mode)) {
        (None, _) => Ok(()),
        (Some(_), Some(option)) => Err(CliError::StateHidden { option }),
        (Some(_), None) if model.state_bytes() > 0 => Ok(()),
        (Some(_), None) => Err(CliError::NoState { name: model.name().to_owned() }),
    }
}

/// Returns the option that keeps the state after each input from being seen.
fn hides_state(mode: Mode) -> Option<&'static str> {
    if mode.is_ring() {
        Some("--mode ring")
    } else if mode.is_megakernel() {
        Some("--mode megakernel")
    } else {
        None
    }
}

/// Runs all samples, in order.
pub(super) fn infer(
    arguments: &Arguments,
    model: &Model,
    instructions: InstructionSet,
    inputs: &Samples,
    mut done: impl FnMut(),
) -> Result<Ran, CliError> {
    let mut plan = Plan::new(arguments.backend.into())
        .with_mode(arguments.mode.into())
        .with_instruction_set(instructions);
    if let Some(count) = arguments.workers {
        plan = plan.with_workers(count);
    }
    if arguments.trace.is_some() {
        plan = plan.with_trace();
    }
    let mut session = model.session_with(plan)?;
    let mut states = States::new(arguments.state.is_some());
    let shows_state = hides_state(arguments.mode).is_none();
    let (outputs, latencies) =
        session.run_samples(inputs, arguments.timeout, |session, index| {
            done();
            if shows_state { states.note(session, index) } else { Ok(()) }
        })?;
    let (place, reason) =
        (session.place().to_owned(), session.fallback_reason().map(str::to_owned));
    let claims = session.finish()?.claims;
    Ok(Ran { outputs, latencies, place, reason, states, claims })
}
