//! The workers' side: operators of a task, until the model is done or the worker wants to stop.

use isokern_core::TaskSlot;
use isokern_model::tasks::ModelFault;
use isokern_model::{OperatorSet, Progress};

use super::ModelTasks;
use super::cell::{Taken, TaskCell};
use super::place::{ModelPlace, Stage};
use super::stream::ModelStream;
use crate::program::CpuProgram;

/// The result of claiming a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a task that stopped has to be claimed again"]
pub enum ModelStep {
    /// All operators have run: the outputs are in the task's place.
    Done,
    /// It stopped between operators, on request.
    Stopped {
        /// The operator to go on at.
        next: u32,
    },
    /// The task cannot go on.
    Fault(ModelFault),
}

impl<'m, P, Q, S> ModelTasks<'_, 'm, P, Q, S>
where
    P: TaskCell<ModelPlace<'m>>,
    Q: TaskCell<ModelStream<'m>>,
    S: OperatorSet,
{
    /// Runs a task from its `continuation_pc` on, and asks `stops` before each operator but the
    /// first whether to stop there; it is given that operator's index.
    ///
    /// At least one operator runs in a claim. Called by whoever has claimed the task.
    pub fn run(&self, task: &TaskSlot, stops: impl FnMut(u32) -> bool) -> ModelStep {
        let step = self.try_run(task, stops);
        step.unwrap_or_else(ModelStep::Fault)
    }

    fn try_run(
        &self,
        task: &TaskSlot,
        stops: impl FnMut(u32) -> bool,
    ) -> Result<ModelStep, ModelFault> {
        let model = task.op_handle();
        let program = self.programs.get(model as usize).ok_or(ModelFault::NoModel)?;
        if task.output_handle() != task.input_handle() {
            return Err(ModelFault::OutputElsewhere);
        }
        let cell = self.places.get(task.input_handle() as usize).ok_or(ModelFault::NoPlace)?;
        let mut taken = Taken::of(cell).ok_or(ModelFault::NoPlace)?;
        let place = taken.value().ok_or(ModelFault::NoPlace)?;
        if place.stage != (Stage::Asked { model, next: task.continuation_pc() }) {
            return Err(ModelFault::NotAsked);
        }
        let step = if program.model().state_bytes() == 0 {
            run_from(program, place.arena(), &mut [], task, stops)
        } else {
            self.run_step(program, place, task, stops)
        };
        place.stage = match step {
            Ok(Progress::Done) => Stage::Done { model },
            Ok(Progress::Stopped { next }) => Stage::Asked { model, next },
            Err(_) => Stage::Failed,
        };
        step.map(|progress| match progress {
            Progress::Done => ModelStep::Done,
            Progress::Stopped { next } => ModelStep::Stopped { next },
        })
    }

    /// Runs operators of a step of a stream.
    fn run_step(
        &self,
        program: &CpuProgram<'m, S>,
        place: &mut ModelPlace<'m>,
        task: &TaskSlot,
        stops: impl FnMut(u32) -> bool,
    ) -> Result<Progress, ModelFault> {
        let cell = self.streams.get(task.param() as usize).ok_or(ModelFault::NoStream)?;
        let mut taken = Taken::of(cell).ok_or(ModelFault::NoStream)?;
        let stream = taken.value().ok_or(ModelFault::NoStream)?;
        let is_user = stream.user == Some(task.input_handle());
        if !is_user || stream.model() != task.op_handle() {
            return Err(ModelFault::NoStream);
        }
        if task.continuation_pc() == 0 && !stream.is_whole {
            program.model().reset_state(stream.state());
        }
        stream.is_whole = false;
        let progress = run_from(program, place.arena(), stream.state(), task, stops)?;
        stream.is_whole = progress == Progress::Done;
        Ok(progress)
    }
}

fn run_from<S: OperatorSet>(
    program: &CpuProgram<'_, S>,
    arena: &mut [u8],
    state: &mut [u8],
    task: &TaskSlot,
    stops: impl FnMut(u32) -> bool,
) -> Result<Progress, ModelFault> {
    let step = program.try_until(arena, state, task.continuation_pc(), stops);
    step.map_err(|_| ModelFault::TooShort)?.map_err(ModelFault::Operator)
}
