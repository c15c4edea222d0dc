//! A task as it is asked for, before it has a slot.

use super::handle::TaskHandle;
use super::state::TaskPriority;

/// A task to submit: what to run, for whom, and when, made by naming what is not the default.
///
/// ```
/// use isokern_core::megakernel::{NewTask, TaskPriority};
///
/// let task = NewTask::new(3).with_param(500).with_priority(TaskPriority::Critical);
/// assert_eq!((task.op(), task.priority()), (3, TaskPriority::Critical));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTask {
    op: u32,
    tenant: u32,
    priority: TaskPriority,
    input: u32,
    output: u32,
    param: u32,
    pc: u32,
    deadline_ticks: u32,
    event: u32,
    event_value: u32,
    task_id: u32,
    is_held: bool,
    join: Option<TaskHandle>,
}

impl NewTask {
    /// Returns a task of this opcode, of normal priority and tenant 0; the rest is 0.
    #[must_use]
    pub const fn new(op: u32) -> Self {
        Self {
            op,
            tenant: 0,
            priority: TaskPriority::Normal,
            input: 0,
            output: 0,
            param: 0,
            pc: 0,
            deadline_ticks: 0,
            event: 0,
            event_value: 0,
            task_id: 0,
            is_held: false,
            join: None,
        }
    }

    /// Returns the task, charged to this tenant, 0 to 15.
    #[must_use]
    pub const fn with_tenant(self, tenant: u32) -> Self {
        Self { tenant, ..self }
    }

    /// Returns the task in this class.
    #[must_use]
    pub const fn with_priority(self, priority: TaskPriority) -> Self {
        Self { priority, ..self }
    }

    /// Returns the task with what it reads, in the handler's own numbers.
    #[must_use]
    pub const fn with_input(self, input: u32) -> Self {
        Self { input, ..self }
    }

    /// Returns the task with what it writes, in the handler's own numbers.
    #[must_use]
    pub const fn with_output(self, output: u32) -> Self {
        Self { output, ..self }
    }

    /// Returns the task with a number for the handler.
    #[must_use]
    pub const fn with_param(self, param: u32) -> Self {
        Self { param, ..self }
    }

    /// Returns the task that starts at this place.
    #[must_use]
    pub const fn with_pc(self, pc: u32) -> Self {
        Self { pc, ..self }
    }

    /// Returns the task that fails when it was not claimed so many ticks of 1.024 µs
    /// ([`DEADLINE_TICK_NS`](crate::ring::DEADLINE_TICK_NS)) after a worker took it in; 0 is
    /// none.
    #[must_use]
    pub const fn with_deadline_ticks(self, deadline_ticks: u32) -> Self {
        Self { deadline_ticks, ..self }
    }

    /// Returns the task that waits until this event, 1 to 16, has at least this value. Pauses of
    /// the task wait for the same event.
    #[must_use]
    pub const fn with_event(self, event: u32, value: u32) -> Self {
        Self { event, event_value: value, ..self }
    }

    /// Returns the task with a number by which its owner knows it.
    #[must_use]
    pub const fn with_task_id(self, task_id: u32) -> Self {
        Self { task_id, ..self }
    }

    /// Returns the task that starts only when it is released and every task that joins it has
    /// ended.
    #[must_use]
    pub const fn held(self) -> Self {
        Self { is_held: true, ..self }
    }

    /// Returns the task that a held one waits for.
    #[must_use]
    pub const fn with_join(self, held: TaskHandle) -> Self {
        Self { join: Some(held), ..self }
    }

    /// Returns the opcode.
    #[must_use]
    pub const fn op(&self) -> u32 {
        self.op
    }

    /// Returns who is charged.
    #[must_use]
    pub const fn tenant(&self) -> u32 {
        self.tenant
    }

    /// Returns the class.
    #[must_use]
    pub const fn priority(&self) -> TaskPriority {
        self.priority
    }

    /// Returns what the task reads.
    #[must_use]
    pub const fn input(&self) -> u32 {
        self.input
    }

    /// Returns what the task writes.
    #[must_use]
    pub const fn output(&self) -> u32 {
        self.output
    }

    /// Returns the number for the handler.
    #[must_use]
    pub const fn param(&self) -> u32 {
        self.param
    }

    /// Returns where the task starts.
    #[must_use]
    pub const fn pc(&self) -> u32 {
        self.pc
    }

    /// Returns the ticks within which the task is to be claimed; 0 is no limit.
    #[must_use]
    pub const fn deadline_ticks(&self) -> u32 {
        self.deadline_ticks
    }

    /// Returns the event the task waits for, 0 for none, and the value.
    #[must_use]
    pub const fn event(&self) -> (u32, u32) {
        (self.event, self.event_value)
    }

    /// Returns the owner's number.
    #[must_use]
    pub const fn task_id(&self) -> u32 {
        self.task_id
    }

    /// Returns whether the task starts only after a release.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.is_held
    }

    /// Returns the held task that waits for this one.
    #[must_use]
    pub const fn join(&self) -> Option<TaskHandle> {
        self.join
    }
}
