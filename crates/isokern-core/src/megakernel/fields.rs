//! The fields of a task slot, to read and to fill.

use super::slot::TaskSlot;
use super::state::{TaskFlags, TaskPriority, TaskState};

impl TaskSlot {
    /// Returns the state, `None` when its word has no meaning.
    #[must_use]
    pub const fn state(&self) -> Option<TaskState> {
        TaskState::from_word(self.state)
    }

    /// Returns the priority, `None` when its word has no meaning.
    #[must_use]
    pub const fn priority(&self) -> Option<TaskPriority> {
        TaskPriority::from_word(self.priority)
    }

    /// Returns the number of the task that waits for this one.
    #[must_use]
    pub const fn parent_task_id(&self) -> Option<u32> {
        if self.parent_task_id == 0 { None } else { Some(self.parent_task_id) }
    }

    /// Returns the code of a faulted task, `None` in any other state.
    #[must_use]
    pub const fn fault_code(&self) -> Option<u32> {
        match self.state() {
            Some(TaskState::Faulted) => Some(self.continuation_data),
            _ => None,
        }
    }

    /// Says whether the named flags are those of the state; never so for an
    /// unknown word.
    ///
    /// PAUSED, YIELDED and REQUEUE_REQUESTED belong to one state each and are
    /// always set there; RESUME_READY may be set in Ready; the others have none.
    /// Every step keeps this true.
    #[must_use]
    pub const fn flags_match_state(&self) -> bool {
        let named = self.flags.bits() & 0b1111;
        match self.state() {
            Some(TaskState::Paused) => named == TaskFlags::PAUSED.bits(),
            Some(TaskState::Yielded) => named == TaskFlags::YIELDED.bits(),
            Some(TaskState::Requeued) => named == TaskFlags::REQUEUE_REQUESTED.bits(),
            Some(TaskState::Ready) => named & !TaskFlags::RESUME_READY.bits() == 0,
            Some(TaskState::Empty | TaskState::Running) => named == 0,
            Some(TaskState::Done | TaskState::Faulted) => self.flags.bits() == 0,
            None => false,
        }
    }

    /// Returns the state's word, known or not.
    #[must_use]
    pub const fn state_word(&self) -> u32 {
        self.state
    }

    /// Returns which operation runs.
    #[must_use]
    pub const fn op_handle(&self) -> u32 {
        self.op_handle
    }

    /// Returns who is charged for the task.
    #[must_use]
    pub const fn tenant_id(&self) -> u32 {
        self.tenant_id
    }

    /// Returns the priority's word, known or not.
    #[must_use]
    pub const fn priority_word(&self) -> u32 {
        self.priority
    }

    /// Returns where the operation reads.
    #[must_use]
    pub const fn input_handle(&self) -> u32 {
        self.input_handle
    }

    /// Returns where the operation writes.
    #[must_use]
    pub const fn output_handle(&self) -> u32 {
        self.output_handle
    }

    /// Returns the operation's parameter.
    #[must_use]
    pub const fn param(&self) -> u32 {
        self.param
    }

    /// Returns the operator at which the task goes on.
    #[must_use]
    pub const fn continuation_pc(&self) -> u32 {
        self.continuation_pc
    }

    /// Returns what the task left for itself when it stopped; of a faulted task,
    /// the fault code.
    #[must_use]
    pub const fn continuation_data(&self) -> u32 {
        self.continuation_data
    }

    /// Returns both parts of where the task goes on.
    pub(super) const fn continuation(&self) -> (u32, u32) {
        (self.continuation_pc, self.continuation_data)
    }

    /// Returns whether one more requeue can be counted.
    pub(super) const fn can_requeue(&self) -> bool {
        self.requeue_count < u32::MAX && self.age_ticks < u32::MAX
    }

    /// Returns the epoch which the last pause waits for.
    #[must_use]
    pub const fn resume_epoch(&self) -> u32 {
        self.resume_epoch
    }

    /// Returns the task's number.
    #[must_use]
    pub const fn task_id(&self) -> u32 {
        self.task_id
    }

    /// Returns how long the task has waited, in ticks of its queue.
    #[must_use]
    pub const fn age_ticks(&self) -> u32 {
        self.age_ticks
    }

    /// Returns how often the task was put back.
    #[must_use]
    pub const fn requeue_count(&self) -> u32 {
        self.requeue_count
    }

    /// Returns how often the task gave way.
    #[must_use]
    pub const fn yield_count(&self) -> u32 {
        self.yield_count
    }

    /// Returns the flags.
    #[must_use]
    pub const fn flags(&self) -> TaskFlags {
        self.flags
    }

    /// Returns the slot with another tenant.
    #[must_use]
    pub const fn with_tenant_id(self, tenant_id: u32) -> Self {
        Self { tenant_id, ..self }
    }

    /// Returns the slot with another input.
    #[must_use]
    pub const fn with_input_handle(self, input_handle: u32) -> Self {
        Self { input_handle, ..self }
    }

    /// Returns the slot with another output.
    #[must_use]
    pub const fn with_output_handle(self, output_handle: u32) -> Self {
        Self { output_handle, ..self }
    }

    /// Returns the slot with another parameter.
    #[must_use]
    pub const fn with_param(self, param: u32) -> Self {
        Self { param, ..self }
    }

    /// Returns the slot with another number.
    #[must_use]
    pub const fn with_task_id(self, task_id: u32) -> Self {
        Self { task_id, ..self }
    }

    /// Returns the slot with another parent; 0 is none.
    #[must_use]
    pub const fn with_parent_task_id(self, parent_task_id: u32) -> Self {
        Self { parent_task_id, ..self }
    }

    /// Returns the slot with another priority.
    #[must_use]
    pub const fn with_priority(self, priority: TaskPriority) -> Self {
        Self { priority: priority.word(), ..self }
    }
}
