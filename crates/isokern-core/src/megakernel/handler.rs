//! Handlers of tasks: the handler, and what it may ask while it runs one.

use super::new_task::NewTask;
use super::slot::TaskSlot;
use super::spawn_error::SpawnTaskError;
use super::step::TaskStep;
use crate::team::{Solo, Team};

/// Runs tasks of every opcode it knows.
///
/// One handler serves all workers, so it takes `&self`. A long task asks
/// [`must_yield`](TaskContext::must_yield) at its safe points and returns
/// [`TaskStep::Yield`] when asked to; the worker that runs it next may be another one.
///
/// ```
/// use isokern_core::megakernel::{TaskContext, TaskHandler, TaskStep};
/// use isokern_core::{Solo, TaskSlot};
///
/// /// Opcode 0 counts to its parameter, and lets others run between two numbers.
/// struct Counting;
///
/// impl TaskHandler for Counting {
///     fn op_count(&self) -> u32 {
///         1
///     }
///
///     fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
///         for pc in task.continuation_pc()..task.param() {
///             if context.must_yield() {
///                 return TaskStep::Yield { pc, data: 0 };
///             }
///         }
///         TaskStep::Done
///     }
/// }
/// ```
pub trait TaskHandler<T: Team = Solo> {
    /// Returns how many opcodes there are; a task of opcode `op_count()` or more is refused
    /// where it is submitted.
    fn op_count(&self) -> u32;

    /// Runs `task` from its continuation on, until it ends or gives way. Every rank of the team
    /// calls it and returns the same.
    fn run<C: TaskContext>(&self, team: &T, task: &TaskSlot, context: &mut C) -> TaskStep;
}

/// The questions of a handler while it runs a task. All ranks of a team get the same answer.
pub trait TaskContext {
    /// Takes in what was submitted, and returns whether the task is to give way: a class above
    /// its own has work, it was cancelled or asked to pause, or the workers are to stop.
    ///
    /// For safe points, such as the time between two operators. A task that sees this returns
    /// [`TaskStep::Yield`] with where it goes on; the worker makes of it what was asked for.
    fn must_yield(&mut self) -> bool;

    /// Returns whether somebody cancelled the task. Its end will say so, unless it is done first.
    fn is_cancelled(&self) -> bool;

    /// Returns whether the workers are to stop: their time is over, or they were asked to.
    fn is_stopping(&self) -> bool;

    /// Submits a task that belongs to this one, which ends after it. It has a slot of the range
    /// for such tasks and sends no completion.
    ///
    /// # Errors
    ///
    /// [`SpawnTaskError`] with the task inside.
    fn spawn(&mut self, task: NewTask) -> Result<(), SpawnTaskError>;

    /// Returns whether a task that this one spawned has failed or was cancelled.
    fn has_failed_child(&self) -> bool;

    /// Returns the slot the task is in; nobody else's until the task ends.
    fn slot(&self) -> u32;

    /// Returns which of the slot's tasks this is.
    fn generation(&self) -> u32;

    /// Returns the number of the worker, from 0; it changes when a task gives way.
    fn worker(&self) -> u32;

    /// Returns the moment at which this run of the task was claimed, on the workers' clock.
    fn claimed_ns(&self) -> u64;

    /// Returns how long the task waited for this run, in nanoseconds.
    fn queued_ns(&self) -> u64;
}
