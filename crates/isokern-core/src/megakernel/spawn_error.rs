//! Spawn errors: why a task could not spawn another.

use thiserror::Error;

use super::new_task::NewTask;

/// The error of a spawn, with the task that was not spawned inside.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SpawnTaskError {
    /// Every slot for spawned tasks is taken.
    #[error(
        "no slot for a spawned task is free. \
         Fix: join the tasks spawned so far and go on, or give the workers more spawn slots."
    )]
    NoSlot(NewTask),
    /// The task is held, joins another one or waits for an event.
    #[error(
        "only tasks that a host submits can be held, join others or wait for events. \
         Fix: spawn it without, or let the host submit it."
    )]
    HostOnly(NewTask),
    /// The handler has no such opcode.
    #[error("there is no opcode {}. Fix: spawn tasks of the handler's own opcodes.", .0.op())]
    UnknownOp(NewTask),
}

impl SpawnTaskError {
    /// Takes the task back.
    #[must_use]
    pub const fn into_task(self) -> NewTask {
        match self {
            Self::NoSlot(task) | Self::HostOnly(task) | Self::UnknownOp(task) => task,
        }
    }
}
