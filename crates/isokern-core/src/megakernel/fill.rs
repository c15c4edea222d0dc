//! What may be written into a free slot.

use thiserror::Error;

use super::slot::TaskSlot;
use super::state::{TaskPriority, TaskState};

/// A task that was not written into a slot, which stays as it was.
///
/// ```
/// use isokern_core::TaskSlot;
/// use isokern_core::megakernel::{SharedTaskSlot, TaskFillError};
/// use isokern_core::ring::HostWord;
///
/// let slot = SharedTaskSlot::<HostWord>::default();
/// assert_eq!(slot.fill(TaskSlot::new()), Err(TaskFillError::NotReady { state: 0 }));
/// slot.fill(TaskSlot::ready(7))?;
/// assert_eq!(slot.fill(TaskSlot::ready(8)), Err(TaskFillError::Occupied { state: 1 }));
/// # Ok::<(), TaskFillError>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum TaskFillError {
    /// The slot has a task that has not ended, or a state word without a meaning.
    #[error(
        "the slot is taken, its state word is {state}. \
         Fix: fill slots that are Empty, Done or Faulted; wait for the completion of this one."
    )]
    Occupied {
        /// The slot's state word.
        state: u32,
    },
    /// The task is not Ready: nobody could claim it, or somebody is said to have it.
    #[error(
        "a task with state word {state} cannot be put into a queue. \
         Fix: make it with TaskSlot::ready, and pause or requeue it from a worker."
    )]
    NotReady {
        /// The task's state word.
        state: u32,
    },
    /// No class serves the task's priority.
    #[error(
        "priority word {priority} has no meaning, the known ones are 0 to 4. \
         Fix: set the priority with TaskSlot::with_priority."
    )]
    UnknownPriority {
        /// The task's priority word.
        priority: u32,
    },
    /// The task's flags are those of another state, or use bits of the slot's own.
    #[error(
        "a ready task cannot have flags {flags:#x}: only RESUME_READY and bits 4 to 15 are free. \
         Fix: make the task with TaskSlot::ready."
    )]
    WrongFlags {
        /// The task's flags.
        flags: u32,
    },
}

impl TaskFillError {
    /// Checks that `task` may go into a slot with this state word.
    pub(super) const fn check(slot_state: u32, task: &TaskSlot) -> Result<(), Self> {
        match TaskState::from_word(slot_state) {
            Some(TaskState::Empty | TaskState::Done | TaskState::Faulted) => {}
            Some(
                TaskState::Ready
                | TaskState::Running
                | TaskState::Paused
                | TaskState::Yielded
                | TaskState::Requeued,
            )
            | None => return Err(Self::Occupied { state: slot_state }),
        }
        if task.state != TaskState::Ready.word() {
            return Err(Self::NotReady { state: task.state });
        }
        if TaskPriority::from_word(task.priority).is_none() {
            return Err(Self::UnknownPriority { priority: task.priority });
        }
        let flags = task.flags.bits();
        if flags > 0xffff || !task.flags_match_state() {
            return Err(Self::WrongFlags { flags });
        }
        Ok(())
    }
}
