//! Task slots in place: the same steps, on words that workers share.
//!
//! A slot is written by one side at a time. Who that is, the state word says:
//!
//! | state | who may write |
//! |---|---|
//! | Empty, Done, Faulted | the one that fills slots |
//! | Ready, Yielded, Requeued | nobody; a worker claims by compare-and-swap of the state |
//! | Running | the worker that claimed |
//! | Paused | nobody; a worker resumes by compare-and-swap of the state |
//!
//! The state is stored last, with release, and read first, with acquire: who sees a state
//! sees the fields that belong to it. The steps themselves are those of
//! [`TaskTransition`], taken on a [`TaskSlot`] by value between a claim and the store.

use core::mem::ManuallyDrop;

use super::slot::TaskSlot;
use super::state::{TaskFlags, TaskPriority, TaskState};
use super::transition::{TaskTransition, TaskTransitionError};
use crate::ring::{SharedRmw, SharedWord};

const STATE: usize = 0;
const FLAGS: usize = 15;

/// Sixteen shared words with the layout of a [`TaskSlot`].
///
/// Words are atomics of the host, of a model checker, or addresses of a device.
///
/// ```
/// use isokern_core::megakernel::{SharedTaskSlot, TaskState};
/// use isokern_core::ring::HostWord;
/// use isokern_core::TaskSlot;
///
/// let slot = SharedTaskSlot::<HostWord>::default();
/// slot.fill(TaskSlot::ready(7).with_task_id(41))?;
/// let task = slot.try_claim()?;
/// assert!(slot.try_claim().is_err()); // by one worker only
/// assert_eq!(task.value().task_id(), 41);
/// task.complete()?;
/// assert_eq!(slot.snapshot().state(), Some(TaskState::Done));
/// # Ok::<(), isokern_core::megakernel::TaskTransitionError>(())
/// ```
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct SharedTaskSlot<W>([W; 16]);

/// The fault code of a task whose worker dropped it without a step.
pub const FAULT_ABANDONED: u32 = u32::MAX;

impl<W> SharedTaskSlot<W> {
    /// The slot of these words, which hold an empty slot or one written here before.
    #[must_use]
    pub const fn new(words: [W; 16]) -> Self {
        Self(words)
    }
}

impl<W: SharedWord> SharedTaskSlot<W> {
    /// Reads the slot. Fields belong to the state read while nobody writes; while a worker
    /// has it they are of no use to others.
    #[must_use]
    pub fn snapshot(&self) -> TaskSlot {
        let [state, fields @ ..] = &self.0;
        let state = state.load_acquire();
        let mut words = [state; 16];
        for (word, field) in words.iter_mut().skip(1).zip(fields) {
            *word = field.load_relaxed();
        }
        TaskSlot::from_words(words)
    }

    /// Writes a task into a free slot; for the one that fills slots.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) when the slot has a task that has not
    /// ended; it stays.
    pub fn fill(&self, task: TaskSlot) -> Result<(), TaskTransitionError> {
        let state = self.state().load_acquire();
        // A slot is free exactly when its task can take no step any more.
        if TaskTransition::Complete.apply(state, TaskFlags::empty()).is_ok() {
            let transition = TaskTransition::Claim;
            return Err(TaskTransitionError::WrongState { transition, state });
        }
        self.store(task);
        Ok(())
    }

    /// Stores every field, then the state.
    fn store(&self, task: TaskSlot) {
        let words = task.to_words();
        for (field, word) in self.0.iter().zip(words).skip(1) {
            field.store_relaxed(word);
        }
        self.state().store_release(words[STATE]);
    }

    const fn state(&self) -> &W {
        &self.0[STATE]
    }
}

impl<W: SharedRmw> SharedTaskSlot<W> {
    /// Takes the task, as exactly one of all workers that try.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) with the state found, when it is not
    /// Ready, Yielded or Requeued, or not any more.
    pub fn try_claim(&self) -> Result<ClaimedTask<'_, W>, TaskTransitionError> {
        self.take(TaskTransition::Claim)?;
        let taken = self.snapshot();
        // The rule for flags is the table's; the state was Ready or like it a moment ago.
        let (_, flags) = TaskTransition::Claim.apply(TaskState::Ready.word(), taken.flags())?;
        self.0[FLAGS].store_relaxed(flags.bits());
        Ok(ClaimedTask { slot: self, value: TaskSlot { flags, ..taken } })
    }

    /// Makes a paused task ready again when its epoch has come.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) unless Paused,
    /// [`EpochNotCome`](TaskTransitionError::EpochNotCome) when `epoch` is less than the one
    /// it waits for; it stays paused.
    pub fn try_resume(&self, epoch: u32) -> Result<(), TaskTransitionError> {
        // Running for a moment, so that one of all who try writes the flags.
        self.take(TaskTransition::Resume)?;
        let paused = TaskSlot { state: TaskState::Paused.word(), ..self.snapshot() };
        let resumed = paused.resume(epoch);
        self.store(resumed.unwrap_or(paused));
        resumed.map(|_| ())
    }

    /// Moves the state to Running from one that `transition` starts from.
    fn take(&self, transition: TaskTransition) -> Result<(), TaskTransitionError> {
        let mut state = self.state().load_acquire();
        loop {
            transition.apply(state, TaskFlags::empty())?;
            match self.state().compare_exchange(state, TaskState::Running.word()) {
                Ok(_) => return Ok(()),
                Err(found) => state = found,
            }
        }
    }
}

/// A task in the hands of the one worker that claimed it.
///
/// Each step writes the slot and gives it up. Dropped without one, the task is faulted with
/// [`FAULT_ABANDONED`]: no slot stays Running.
#[derive(Debug)]
#[must_use = "take a step, or the task is faulted"]
pub struct ClaimedTask<'s, W: SharedWord> {
    slot: &'s SharedTaskSlot<W>,
    value: TaskSlot,
}

impl<W: SharedWord> ClaimedTask<'_, W> {
    /// The task as it was claimed.
    #[must_use]
    pub const fn value(&self) -> &TaskSlot {
        &self.value
    }

    /// See [`TaskSlot::pause`].
    ///
    /// # Errors
    ///
    /// None from Running; the slot is then paused.
    pub fn pause(self, pc: u32, data: u32, epoch: u32) -> Result<(), TaskTransitionError> {
        let next = self.value.pause(pc, data, epoch);
        self.finish(next)
    }

    /// See [`TaskSlot::yield_at`].
    ///
    /// # Errors
    ///
    /// [`CounterOverflow`](TaskTransitionError::CounterOverflow); the task is then faulted.
    pub fn yield_at(self, pc: u32, data: u32) -> Result<(), TaskTransitionError> {
        let next = self.value.yield_at(pc, data);
        self.finish(next)
    }

    /// See [`TaskSlot::requeue`].
    ///
    /// # Errors
    ///
    /// [`CounterOverflow`](TaskTransitionError::CounterOverflow); the task is then faulted.
    pub fn requeue(
        self,
        pc: u32,
        data: u32,
        priority: TaskPriority,
    ) -> Result<(), TaskTransitionError> {
        let next = self.value.requeue(pc, data, priority);
        self.finish(next)
    }

    /// See [`TaskSlot::complete`].
    ///
    /// # Errors
    ///
    /// None from Running; the slot is then done.
    pub fn complete(self) -> Result<(), TaskTransitionError> {
        let next = self.value.complete();
        self.finish(next)
    }

    /// See [`TaskSlot::fault`].
    ///
    /// # Errors
    ///
    /// None from Running; the slot is then faulted.
    pub fn fault(self, code: u32) -> Result<(), TaskTransitionError> {
        let next = self.value.fault(code);
        self.finish(next)
    }

    /// Writes the slot after a step, or faults it by dropping `self`.
    fn finish(
        self,
        next: Result<TaskSlot, TaskTransitionError>,
    ) -> Result<(), TaskTransitionError> {
        let next = next?;
        ManuallyDrop::new(self).slot.store(next);
        Ok(())
    }
}

impl<W: SharedWord> Drop for ClaimedTask<'_, W> {
    fn drop(&mut self) {
        if let Ok(faulted) = self.value.fault(FAULT_ABANDONED) {
            self.slot.store(faulted);
        }
    }
}
