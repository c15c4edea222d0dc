//! The steps of a task's life as one table, for slots by value and in place.

use core::fmt;

use thiserror::Error;

use super::state::{TaskFlags, TaskState};

/// A step from one state of a task to another.
///
/// | step | from | to | flags set | flags cleared |
/// |---|---|---|---|---|
/// | claim | Ready, Yielded, Requeued | Running | | all named but PAUSED |
/// | pause | *alive* | Paused | PAUSED | the other named |
/// | resume | Paused | Ready | RESUME_READY | PAUSED, YIELDED |
/// | yield | *alive* | Yielded | YIELDED | the other named |
/// | requeue | *alive* | Requeued | REQUEUE_REQUESTED | the other named |
/// | complete | *alive* | Done | | all |
/// | fault | *alive* | Faulted | | all |
///
/// *Alive*: Ready, Running, Paused, Yielded, Requeued. From Empty, Done, Faulted
/// and words without a meaning there is no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskTransition {
    /// A worker takes the task.
    Claim,
    /// The task waits until an epoch has come.
    Pause,
    /// The epoch has come.
    Resume,
    /// The task gives way to others.
    Yield,
    /// The task goes back, with a priority of its own.
    Requeue,
    /// The task is finished.
    Complete,
    /// The task failed.
    Fault,
}

/// A row of the table: a bit for each state, where to, and what becomes of flags.
struct Rule {
    from: u32,
    to: TaskState,
    set: TaskFlags,
    clear: TaskFlags,
}

const SCHEDULABLE: u32 = bit(TaskState::Ready) | bit(TaskState::Yielded) | bit(TaskState::Requeued);
const ALIVE: u32 = SCHEDULABLE | bit(TaskState::Running) | bit(TaskState::Paused);
const NAMED: TaskFlags = TaskFlags::PAUSED
    .union(TaskFlags::YIELDED)
    .union(TaskFlags::REQUEUE_REQUESTED)
    .union(TaskFlags::RESUME_READY);
const EVERY: TaskFlags = TaskFlags::from_bits(u32::MAX);

const fn bit(state: TaskState) -> u32 {
    1 << state.word()
}

impl TaskTransition {
    /// Every step, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::Claim,
        Self::Pause,
        Self::Resume,
        Self::Yield,
        Self::Requeue,
        Self::Complete,
        Self::Fault,
    ];

    const fn rule(self) -> Rule {
        let none = TaskFlags::empty();
        let (from, to, set, clear) = match self {
            Self::Claim => {
                (SCHEDULABLE, TaskState::Running, none, NAMED.without(TaskFlags::PAUSED))
            }
            Self::Pause => (ALIVE, TaskState::Paused, TaskFlags::PAUSED, NAMED),
            Self::Resume => (
                bit(TaskState::Paused),
                TaskState::Ready,
                TaskFlags::RESUME_READY,
                TaskFlags::PAUSED.union(TaskFlags::YIELDED),
            ),
            Self::Yield => (ALIVE, TaskState::Yielded, TaskFlags::YIELDED, NAMED),
            Self::Requeue => (ALIVE, TaskState::Requeued, TaskFlags::REQUEUE_REQUESTED, NAMED),
            Self::Complete => (ALIVE, TaskState::Done, none, EVERY),
            Self::Fault => (ALIVE, TaskState::Faulted, none, EVERY),
        };
        Rule { from, to, set, clear }
    }

    /// Returns the state and the flags after this step.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) with the word, when it is
    /// no state that this step starts from.
    ///
    /// ```
    /// use isokern_core::megakernel::{TaskFlags, TaskState, TaskTransition, TaskTransitionError};
    ///
    /// let (state, flags) = TaskTransition::Pause.apply(2, TaskFlags::empty())?;
    /// assert_eq!((state, flags), (TaskState::Paused, TaskFlags::PAUSED));
    /// assert!(TaskTransition::Pause.apply(9, flags).is_err());
    /// # Ok::<(), TaskTransitionError>(())
    /// ```
    pub const fn apply(
        self,
        state_word: u32,
        flags: TaskFlags,
    ) -> Result<(TaskState, TaskFlags), TaskTransitionError> {
        let Rule { from, to, set, clear } = self.rule();
        if state_word >= u32::BITS || from & (1 << state_word) == 0 {
            return Err(TaskTransitionError::WrongState { transition: self, state: state_word });
        }
        Ok((to, flags.without(clear).union(set)))
    }

    /// Returns the step in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Yield => "yield",
            Self::Requeue => "requeue",
            Self::Complete => "complete",
            Self::Fault => "fault",
        }
    }
}

impl fmt::Display for TaskTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A step that a task slot cannot take; the slot stays as it was.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum TaskTransitionError {
    /// The step does not start from this state.
    #[error(
        "no {transition} from state word {state}. \
         Fix: read the slot's state first; Empty, Done and Faulted slots take no step."
    )]
    WrongState {
        /// The step that was refused.
        transition: TaskTransition,
        /// The state word as it was found, known or not.
        state: u32,
    },
    /// The task is paused until later.
    #[error(
        "paused until epoch {resume_epoch}, it is {epoch}. \
         Fix: resume the task when that epoch has come."
    )]
    EpochNotCome {
        /// The epoch that the task waits for.
        resume_epoch: u32,
        /// The epoch given.
        epoch: u32,
    },
    /// A counter of the slot is at `u32::MAX`.
    #[error("{counter} is at its maximum. Fix: complete or fault a task that never ends.")]
    CounterOverflow {
        /// The slot's field.
        counter: &'static str,
    },
}
