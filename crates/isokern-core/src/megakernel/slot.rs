//! The 64-byte task slot, one layout on host, firmware and device.
//!
//! | bytes | field | bytes | field |
//! |---|---|---|---|
//! | 0..4 | state, [`TaskState`] | 32..36 | continuation data, or fault code |
//! | 4..8 | op handle | 36..40 | resume epoch |
//! | 8..12 | tenant id | 40..44 | task id |
//! | 12..16 | priority, [`TaskPriority`] | 44..48 | parent task id, 0 is none |
//! | 16..20 | input handle | 48..52 | age in ticks |
//! | 20..24 | output handle | 52..56 | requeue count |
//! | 24..28 | parameter | 56..60 | yield count |
//! | 28..32 | continuation pc | 60..64 | flags, [`TaskFlags`] |
//!
//! Sixteen `u32` words, little-endian, every bit pattern valid:
//! [`bytemuck::Pod`]. Queues align slots to 64 bytes.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

use super::state::{TaskFlags, TaskPriority, TaskState};
use super::transition::{TaskTransition, TaskTransitionError};

/// One task: what to run, for whom, and how far it has come.
///
/// A value: each step returns the slot after it, or an error and the slot stays
/// as it was. Nothing here orders memory. [`Default`] is the empty slot.
///
/// ```text
///          1 fill           2 claim              3 complete
///   Empty ───────▶ Ready ───────────▶ Running ──────────────▶ Done
///                    ▲                 ▲ │ │ │    4 fault
///                    │                 │ │ │ └──────────────▶ Faulted
///           6 resume │       5 pause   │ │ │
///                  Paused ◀────────────┼─┘ │ 7 yield, 8 requeue
///                                      │   ▼
///                          2 claim     └─ Yielded, Requeued
/// ```
///
/// 1. A task is written into a slot: [`ready`](Self::ready).
/// 2. One worker takes it: [`claim`](Self::claim).
/// 3. It ends well: [`complete`](Self::complete).
/// 4. It ends badly, with a code: [`fault`](Self::fault).
/// 5. It waits for an epoch: [`pause`](Self::pause).
/// 6. The epoch has come: [`resume`](Self::resume).
/// 7. It gives way: [`yield_at`](Self::yield_at).
/// 8. It goes back with a priority: [`requeue`](Self::requeue).
///
/// Steps 3, 4, 5, 7 and 8 may also start from Ready, Paused, Yielded and
/// Requeued; [`TaskTransition`] has the table.
///
/// ```
/// use isokern_core::megakernel::{TaskPriority, TaskState};
/// use isokern_core::TaskSlot;
///
/// // Opcode handle 7, stopped before operator 3, finished by a second claim.
/// let task = TaskSlot::ready(7).with_task_id(41).with_priority(TaskPriority::High);
/// let paused = task.claim()?.pause(3, 0xbeef, 10)?;
/// assert!(paused.resume(9).is_err());
/// let again = paused.resume(10)?.claim()?;
/// assert_eq!((again.continuation_pc(), again.continuation_data()), (3, 0xbeef));
/// assert_eq!(again.complete()?.state(), Some(TaskState::Done));
/// # Ok::<(), isokern_core::megakernel::TaskTransitionError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct TaskSlot {
    pub(super) state: u32,
    pub(super) op_handle: u32,
    pub(super) tenant_id: u32,
    pub(super) priority: u32,
    pub(super) input_handle: u32,
    pub(super) output_handle: u32,
    pub(super) param: u32,
    pub(super) continuation_pc: u32,
    pub(super) continuation_data: u32,
    pub(super) resume_epoch: u32,
    pub(super) task_id: u32,
    pub(super) parent_task_id: u32,
    pub(super) age_ticks: u32,
    pub(super) requeue_count: u32,
    pub(super) yield_count: u32,
    pub(super) flags: TaskFlags,
}

/// A [`TaskSlot`] under its other name.
pub type TaskWorkItem = TaskSlot;

// Host, firmware and device read these numbers: a change is a change of protocol.
const _: () = {
    assert!(size_of::<TaskSlot>() == 64);
    assert!(align_of::<TaskSlot>() == 4);
    assert!(offset_of!(TaskSlot, state) == 0);
    assert!(offset_of!(TaskSlot, op_handle) == 4);
    assert!(offset_of!(TaskSlot, tenant_id) == 8);
    assert!(offset_of!(TaskSlot, priority) == 12);
    assert!(offset_of!(TaskSlot, input_handle) == 16);
    assert!(offset_of!(TaskSlot, output_handle) == 20);
    assert!(offset_of!(TaskSlot, param) == 24);
    assert!(offset_of!(TaskSlot, continuation_pc) == 28);
    assert!(offset_of!(TaskSlot, continuation_data) == 32);
    assert!(offset_of!(TaskSlot, resume_epoch) == 36);
    assert!(offset_of!(TaskSlot, task_id) == 40);
    assert!(offset_of!(TaskSlot, parent_task_id) == 44);
    assert!(offset_of!(TaskSlot, age_ticks) == 48);
    assert!(offset_of!(TaskSlot, requeue_count) == 52);
    assert!(offset_of!(TaskSlot, yield_count) == 56);
    assert!(offset_of!(TaskSlot, flags) == 60);
};

impl TaskSlot {
    /// Returns the slot without a task: every word 0.
    #[must_use]
    pub const fn new() -> Self {
        Self::from_words([0; 16])
    }

    /// Returns a task to be claimed, of normal priority; the rest is 0.
    #[must_use]
    pub const fn ready(op_handle: u32) -> Self {
        let state = TaskState::Ready.word();
        Self { state, op_handle, ..Self::new().with_priority(TaskPriority::Normal) }
    }

    /// Returns the slot of these words, in the order of the layout, unchecked.
    #[must_use]
    pub const fn from_words(words: [u32; 16]) -> Self {
        bytemuck::must_cast(words)
    }

    /// Returns the words, in the order of the layout.
    #[must_use]
    pub const fn to_words(self) -> [u32; 16] {
        bytemuck::must_cast(self)
    }

    /// Takes a step and leaves every field but state and flags as it is.
    const fn step(self, transition: TaskTransition) -> Result<Self, TaskTransitionError> {
        match transition.apply(self.state, self.flags) {
            Ok((state, flags)) => Ok(Self { state: state.word(), flags, ..self }),
            Err(error) => Err(error),
        }
    }

    /// Returns the slot in the hands of a worker.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) unless Ready, Yielded or
    /// Requeued.
    pub const fn claim(self) -> Result<Self, TaskTransitionError> {
        self.step(TaskTransition::Claim)
    }

    /// Returns the slot paused at `pc` until `epoch`; a paused one is paused anew.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) from Empty, Done, Faulted
    /// or an unknown word.
    pub const fn pause(self, pc: u32, data: u32, epoch: u32) -> Result<Self, TaskTransitionError> {
        match self.step(TaskTransition::Pause) {
            Ok(slot) => Ok(Self { resume_epoch: epoch, ..slot.continued(pc, data) }),
            Err(error) => Err(error),
        }
    }

    /// Returns the paused slot ready again, to go on where it stopped.
    ///
    /// Epochs are compared as plain numbers: they do not wrap.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) unless Paused, and then
    /// [`EpochNotCome`](TaskTransitionError::EpochNotCome) when `epoch` is less
    /// than the one it waits for.
    pub const fn resume(self, epoch: u32) -> Result<Self, TaskTransitionError> {
        match self.step(TaskTransition::Resume) {
            Ok(_) if epoch < self.resume_epoch => {
                Err(TaskTransitionError::EpochNotCome { resume_epoch: self.resume_epoch, epoch })
            }
            stepped => stepped,
        }
    }

    /// Returns the slot that gave way at `pc`, with one more yield.
    ///
    /// Named so because `yield` is a word of the language.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) as for
    /// [`pause`](Self::pause), and then
    /// [`CounterOverflow`](TaskTransitionError::CounterOverflow) of `yield_count`.
    pub const fn yield_at(self, pc: u32, data: u32) -> Result<Self, TaskTransitionError> {
        let slot = match self.step(TaskTransition::Yield) {
            Ok(slot) => slot.continued(pc, data),
            Err(error) => return Err(error),
        };
        match counted(self.yield_count, "yield_count") {
            Ok(yield_count) => Ok(Self { yield_count, ..slot }),
            Err(error) => Err(error),
        }
    }

    /// Returns the slot put back at `pc` with this priority, one requeue more and
    /// one tick older.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) as for
    /// [`pause`](Self::pause), and then
    /// [`CounterOverflow`](TaskTransitionError::CounterOverflow) of
    /// `requeue_count` or `age_ticks`.
    pub const fn requeue(
        self,
        pc: u32,
        data: u32,
        priority: TaskPriority,
    ) -> Result<Self, TaskTransitionError> {
        let slot = match self.step(TaskTransition::Requeue) {
            Ok(slot) => slot.continued(pc, data).with_priority(priority),
            Err(error) => return Err(error),
        };
        let requeue_count = match counted(self.requeue_count, "requeue_count") {
            Ok(requeue_count) => requeue_count,
            Err(error) => return Err(error),
        };
        match counted(self.age_ticks, "age_ticks") {
            Ok(age_ticks) => Ok(Self { requeue_count, age_ticks, ..slot }),
            Err(error) => Err(error),
        }
    }

    /// Returns the slot of a finished task.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) as for
    /// [`pause`](Self::pause).
    pub const fn complete(self) -> Result<Self, TaskTransitionError> {
        self.step(TaskTransition::Complete)
    }

    /// Returns the slot of a failed task; the code takes the place of the
    /// continuation data.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) as for
    /// [`pause`](Self::pause).
    pub const fn fault(self, code: u32) -> Result<Self, TaskTransitionError> {
        match self.step(TaskTransition::Fault) {
            Ok(slot) => Ok(Self { continuation_data: code, ..slot }),
            Err(error) => Err(error),
        }
    }

    const fn continued(self, pc: u32, data: u32) -> Self {
        Self { continuation_pc: pc, continuation_data: data, ..self }
    }
}

const fn counted(count: u32, counter: &'static str) -> Result<u32, TaskTransitionError> {
    match count.checked_add(1) {
        Some(count) => Ok(count),
        None => Err(TaskTransitionError::CounterOverflow { counter }),
    }
}
