//! Measures a model whose inputs are tasks of a megakernel, with one worker: beside a called one in
//! turns, with urgent tasks among usual ones, and what a task costs that does nothing.

use core::num::NonZeroU32;
use core::time::Duration;
use std::time::Instant;

use isokern::tasked::{IN_FLIGHT, TaskedModel, TaskedPlan, start_workers};
use isokern::{Error, Model};
use isokern_core::call::Clock;
use isokern_core::megakernel::{
    NewTask, SubmitError, TaskContext, TaskHandler, TaskPriority, TaskStep,
};
use isokern_core::ring::PopError;
use isokern_core::{Solo, TaskSlot};
use isokern_cpu::CpuModel;
use isokern_guard::SystemClock;

use super::effort::{Effort, Spent};
use super::inputs::Inputs;
use super::pairs::{Pairs, throughput};
use super::report::{BenchReport, TaskReport, Waits};
use super::times::Times;
use crate::error::CliError;

const ONE: NonZeroU32 = NonZeroU32::MIN;
/// One task in so many is urgent.
const URGENT_EVERY: u64 = IN_FLIGHT as u64;
/// Tasks that do nothing under way at once.
const EMPTY_IN_FLIGHT: usize = 1024;

/// Measures, and notes what came out.
pub(crate) fn measure(
    mut model: CpuModel<'static>,
    file: &Model,
    inputs: &Inputs,
    effort: Effort,
    report: &mut BenchReport,
) -> Result<(), CliError> {
    let instructions = model.instruction_set();
    let has_state = model.model().state_bytes() > 0;
    let start = |in_flight, is_traced| {
        let plan = TaskedPlan { in_flight, workers: Some(ONE), is_traced };
        TaskedModel::start(file, instructions, plan)
    };
    let mut tasked = start(1, false)?;
    let name = file.name();
    let mut pairs = Pairs { direct: &mut model, asked: &mut tasked, name, mode: "megakernel" };
    pairs.measure(inputs, effort, report)?;
    tasked.finish()?;
    let mut tasked = start(IN_FLIGHT, false)?;
    let in_flight = if has_state { 1 } else { IN_FLIGHT };
    report.throughput = throughput(&mut tasked, in_flight, inputs, effort)?;
    tasked.finish()?;
    let empty_task_ns = empty(name, effort)?;
    // The tasks of a stream follow one another: none overtakes.
    let waits =
        if has_state { None } else { Some(overtake(start(IN_FLIGHT, true)?, inputs, effort)?) };
    report.tasks = Some(TaskReport { worker_count: 1, empty_task_ns, waits });
    Ok(())
}

/// Keeps all places in use, one task in eight an urgent one, and sums up how long each class waited
/// from its submission to its first claim, which the worker has noted on the same clock.
fn overtake(mut model: TaskedModel, inputs: &Inputs, effort: Effort) -> Result<Waits, CliError> {
    let start = Instant::now();
    let mut asked_count = 0;
    let mut asked_ns = Vec::new();
    loop {
        while asked_count == 0 || effort.has_more(asked_count, start) {
            let now_ns = SystemClock.now_ns();
            let is_urgent = asked_count % URGENT_EVERY == URGENT_EVERY - 1;
            let priority = if is_urgent { TaskPriority::Critical } else { TaskPriority::Normal };
            if !model.try_ask(inputs.of_run(asked_count), priority, None)? {
                break;
            }
            asked_ns.push(now_ns);
            asked_count += 1;
        }
        if model.answer(|_| ())?.is_none() {
            break;
        }
    }
    let (report, claims) = model.finish()?;
    let (mut critical, mut normal) = (Times::new(), Times::new());
    for claim in claims.iter().filter(|claim| claim.task.continuation_pc() == 0) {
        let is_urgent = claim.task.priority() == Some(TaskPriority::Critical);
        let times = if is_urgent { &mut critical } else { &mut normal };
        let asked_ns = asked_ns.get(claim.task.task_id() as usize).copied().unwrap_or_default();
        times.add(Duration::from_nanos(claim.start_ns.saturating_sub(asked_ns)));
    }
    let (critical, normal) = (critical.summary(), normal.summary());
    Ok(Waits { critical, normal, yield_count: report.yields })
}

/// Does nothing.
struct Nothing;

impl TaskHandler for Nothing {
    fn op_count(&self) -> u32 {
        1
    }

    fn run<C: TaskContext>(&self, _: &Solo, _: &TaskSlot, _: &mut C) -> TaskStep {
        TaskStep::Done
    }
}

/// Returns the nanoseconds of a task that does nothing, from one end to the next, submitting
/// included.
fn empty(name: &str, effort: Effort) -> Result<f64, Error> {
    let started = start_workers(Nothing, EMPTY_IN_FLIGHT, Some(ONE));
    let (mut submitter, mut completions, controls) =
        started.map_err(|source| Error::Workers { name: name.to_owned(), source })?;
    let broken = |what: String| Error::Task { name: name.to_owned(), input_index: 0, what };
    let mut run = |effort: Effort| {
        let start = Instant::now();
        let (mut submitted_count, mut run_count) = (0, 0);
        while submitted_count == 0
            || run_count < submitted_count
            || effort.has_more(submitted_count, start)
        {
            while submitted_count == 0 || effort.has_more(submitted_count, start) {
                match submitter.try_submit(NewTask::new(0)) {
                    Ok(_) => submitted_count += 1,
                    Err(SubmitError::Full(_)) => break,
                    Err(error) => return Err(broken(error.to_string())),
                }
            }
            loop {
                match completions.try_next() {
                    Ok(_) => run_count += 1,
                    Err(PopError::Empty) => break,
                    Err(error) => return Err(broken(error.to_string())),
                }
            }
        }
        Ok(Spent { run_count, elapsed: start.elapsed() })
    };
    run(effort.tenth())?;
    let spent = run(effort)?;
    drop(submitter);
    if !controls.finish().is_accounted() {
        return Err(Error::NotAccounted { name: name.to_owned() });
    }
    Ok(spent.elapsed.as_nanos() as f64 / spent.run_count.max(1) as f64)
}
