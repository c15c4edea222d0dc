//! Models as the handler of a megakernel: an opcode for each.

use isokern_core::megakernel::{TaskContext, TaskHandler, TaskStep};
use isokern_core::{Solo, TaskSlot};
use isokern_model::OperatorSet;

use super::ModelTasks;
use super::cell::TaskCell;
use super::place::ModelPlace;
use super::run::ModelStep;
use super::stream::ModelStream;
#[cfg(feature = "std")]
use super::table::ModelTable;

/// A task gives way between operators when its worker asks for it: a more urgent class has work,
/// the budget has ended, or the task was cancelled.
impl<'m, P, Q, S> TaskHandler for ModelTasks<'_, 'm, P, Q, S>
where
    P: TaskCell<ModelPlace<'m>>,
    Q: TaskCell<ModelStream<'m>>,
    S: OperatorSet,
{
    fn op_count(&self) -> u32 {
        u32::try_from(self.programs().len()).unwrap_or(u32::MAX)
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        match ModelTasks::run(self, task, |_| context.must_yield()) {
            ModelStep::Done => TaskStep::Done,
            ModelStep::Stopped { next } => TaskStep::Yield { pc: next, data: 0 },
            ModelStep::Fault(fault) => TaskStep::Fault { code: fault.code() },
        }
    }
}

#[cfg(feature = "std")]
impl TaskHandler for ModelTable {
    fn op_count(&self) -> u32 {
        self.tasks().op_count()
    }

    fn run<C: TaskContext>(&self, team: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        TaskHandler::run(&self.tasks(), team, task, context)
    }
}
