//! Submissions, what a host says to the workers: 64 bytes, one line.
//!
//! | bytes | field | bytes | field |
//! |---|---|---|---|
//! | 0..4 | kind, [`SubmissionKind`] | 32..36 | parameter |
//! | 4..8 | slot | 36..40 | pc |
//! | 8..12 | generation | 40..44 | parent slot + 1, 0 is none |
//! | 12..16 | op | 44..48 | join slot + 1, 0 is none |
//! | 16..20 | tenant | 48..52 | deadline ticks, 0 is none |
//! | 20..24 | priority | 52..56 | event, 0 is none |
//! | 24..28 | input | 56..60 | event value, or epoch |
//! | 28..32 | output | 60..64 | task id |

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

use super::handle::{TaskHandle, inlet_of};
use super::new_task::NewTask;
use super::slot::TaskSlot;
use crate::numbered;

numbered! {
    /// The request of a submission.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum SubmissionKind: u32, word, from_word {
        /// Run this task.
        Task = 1,
        /// Take this task in, and keep it until it is released.
        Held = 2,
        /// Let this task wait for an epoch instead of running on.
        Pause = 3,
        /// The task's epoch has come to this value; of a held task: it is released.
        Resume = 4,
        /// End this task unrun, or at its next safe point.
        Cancel = 5,
        /// The event has this value.
        Signal = 6,
    }
}

/// One message to the workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Submission {
    kind: u32,
    slot: u32,
    generation: u32,
    op: u32,
    tenant: u32,
    priority: u32,
    input: u32,
    output: u32,
    param: u32,
    pc: u32,
    parent: u32,
    join: u32,
    deadline_ticks: u32,
    event: u32,
    event_value: u32,
    task_id: u32,
}

// Host, firmware and device read these numbers: a change is a change of protocol.
const _: () = {
    assert!(size_of::<Submission>() == 64);
    assert!(offset_of!(Submission, generation) == 8);
    assert!(offset_of!(Submission, priority) == 20);
    assert!(offset_of!(Submission, parent) == 40);
    assert!(offset_of!(Submission, task_id) == 60);
};

impl Submission {
    /// Returns what submits `task` in this slot.
    #[must_use]
    pub const fn task(slot: u32, generation: u32, task: &NewTask) -> Self {
        let (event, event_value) = task.event();
        let join = match task.join() {
            Some(held) => held.slot() + 1,
            None => 0,
        };
        let kind = if task.is_held() { SubmissionKind::Held } else { SubmissionKind::Task };
        Self {
            kind: kind.word(),
            slot,
            generation,
            op: task.op(),
            tenant: task.tenant(),
            priority: task.priority().word(),
            input: task.input(),
            output: task.output(),
            param: task.param(),
            pc: task.pc(),
            parent: join,
            join,
            deadline_ticks: task.deadline_ticks(),
            event,
            event_value,
            task_id: task.task_id(),
        }
    }

    /// Returns what says `kind` of an accepted task, with an epoch where it has one.
    #[must_use]
    pub const fn about(kind: SubmissionKind, handle: TaskHandle, epoch: u32) -> Self {
        Self {
            slot: handle.slot(),
            generation: handle.generation(),
            event_value: epoch,
            ..Self::of_kind(kind)
        }
    }

    /// Returns what says that an event has this value.
    #[must_use]
    pub const fn signal(event: u32, value: u32) -> Self {
        Self { event, event_value: value, ..Self::of_kind(SubmissionKind::Signal) }
    }

    const fn of_kind(kind: SubmissionKind) -> Self {
        let nothing: Self = bytemuck::must_cast([0_u32; 16]);
        Self { kind: kind.word(), ..nothing }
    }

    /// Returns what is asked for, `None` when the word has no meaning.
    #[must_use]
    pub const fn kind(&self) -> Option<SubmissionKind> {
        SubmissionKind::from_word(self.kind)
    }

    /// Returns whether a task comes with it.
    #[must_use]
    pub const fn is_task(&self) -> bool {
        matches!(self.kind(), Some(SubmissionKind::Task | SubmissionKind::Held))
    }

    /// Returns the slot it is about.
    #[must_use]
    pub const fn slot(&self) -> u32 {
        self.slot
    }

    /// Returns which of the slot's tasks it is about.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Returns the slot of the task that waits for this one.
    #[must_use]
    pub const fn join(&self) -> Option<u32> {
        self.join.checked_sub(1)
    }

    /// Returns the ticks within which the task is to be claimed; 0 is no limit.
    #[must_use]
    pub const fn deadline_ticks(&self) -> u32 {
        self.deadline_ticks
    }

    /// Returns the event, 0 for none.
    #[must_use]
    pub const fn event(&self) -> u32 {
        self.event
    }

    /// Returns the event's value, or the epoch.
    #[must_use]
    pub const fn value(&self) -> u32 {
        self.event_value
    }

    /// Returns the inlet it goes by, when it brings a task.
    #[must_use]
    pub const fn inlet(task: &NewTask) -> u32 {
        match task.join() {
            // Behind the one that it joins.
            Some(held) => held.inlet(),
            None => inlet_of(task.priority()),
        }
    }

    /// Returns the submission of a task that the one in this slot waits for.
    pub(super) const fn joining(self, parent: u32) -> Self {
        Self { parent: parent + 1, join: parent + 1, ..self }
    }

    /// Returns the slot's first words.
    pub(super) const fn to_slot(self, parent_task_id: u32) -> TaskSlot {
        TaskSlot {
            op_handle: self.op,
            tenant_id: self.tenant,
            priority: self.priority,
            input_handle: self.input,
            output_handle: self.output,
            param: self.param,
            continuation_pc: self.pc,
            task_id: self.task_id,
            parent_task_id,
            ..TaskSlot::ready(self.op)
        }
    }
}
