//! Why a task of a model was faulted.

use thiserror::Error;

use crate::interpreter::RunError;

/// The lent arena is shorter than the model needs.
pub const CODE_ARENA_TOO_SHORT: u32 = 512;
/// The lent state is shorter than the model needs.
pub const CODE_STATE_TOO_SHORT: u32 = 518;
/// A task names a model that is not in its table. This and the codes below are fault codes of
/// tasks: see [`ModelFault`].
pub const CODE_TASK_MODEL: u32 = 521;
/// A task's place is not there, or in use.
pub const CODE_TASK_PLACE: u32 = 522;
/// A task's outputs are wanted elsewhere than in its place.
pub const CODE_TASK_OUTPUT: u32 = 523;
/// A task's place was not asked for this operator of this model.
pub const CODE_TASK_PC: u32 = 524;
/// A task's stream is not there, or that of another task.
pub const CODE_TASK_STREAM: u32 = 525;

/// A task's fault code, read. Every backend gives the same.
///
/// ```
/// use isokern_model::RunError;
/// use isokern_model::tasks::ModelFault;
///
/// let fault = ModelFault::of_code(0x0002_0003).expect("a code of models");
/// assert_eq!(fault, ModelFault::Operator(RunError::Index { index: 3 }));
/// assert_eq!(fault.code(), 0x0002_0003);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ModelFault {
    /// An operator did not run.
    #[error(transparent)]
    Operator(RunError),
    /// The op handle is no model's.
    #[error("the task's op handle is no model of the table. Fix: submit what `ask` returned")]
    NoModel,
    /// The input handle is no place's, or somebody else has the place.
    #[error(
        "the task's place is not there, or in use. Fix: submit what `ask` returned, once, and \
         leave its place alone until the task has ended"
    )]
    NoPlace,
    /// The output handle is another than the input handle: outputs are where the inputs were.
    #[error("the task's output handle is not its place. Fix: submit what `ask` returned")]
    OutputElsewhere,
    /// The place was asked for another model, or its task is at another operator.
    #[error(
        "the task's place was not asked for this operator of this model. Fix: submit what `ask` \
         returned, once"
    )]
    NotAsked,
    /// The model has state, and the stream is not that of this task.
    #[error("the task's stream is not there, or of another task. Fix: submit what `ask` returned")]
    NoStream,
    /// The memory of place or stream is too short.
    #[error("the memory of the task's place or stream is too short. Fix: make them by the plan")]
    TooShort,
}

impl ModelFault {
    /// Returns the fault code of a task.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Operator(error) => error.fault_code(),
            Self::NoModel => CODE_TASK_MODEL,
            Self::NoPlace => CODE_TASK_PLACE,
            Self::OutputElsewhere => CODE_TASK_OUTPUT,
            Self::NotAsked => CODE_TASK_PC,
            Self::NoStream => CODE_TASK_STREAM,
            Self::TooShort => CODE_ARENA_TOO_SHORT,
        }
    }

    /// Returns the fault of a code; `None` for a code that no model gives.
    #[must_use]
    pub const fn of_code(code: u32) -> Option<Self> {
        Some(match code {
            CODE_TASK_MODEL => Self::NoModel,
            CODE_TASK_PLACE => Self::NoPlace,
            CODE_TASK_OUTPUT => Self::OutputElsewhere,
            CODE_TASK_PC => Self::NotAsked,
            CODE_TASK_STREAM => Self::NoStream,
            CODE_ARENA_TOO_SHORT | CODE_STATE_TOO_SHORT => Self::TooShort,
            _ => match RunError::of_fault_code(code) {
                Some(error) => Self::Operator(error),
                None => return None,
            },
        })
    }
}
