//! The steps of the end that submits.

use super::handle::TaskHandle;
use super::lines::{GATE_BUSY, GATE_CLOSED, GATE_OPEN};
use super::new_task::NewTask;
use super::submission::{Submission, SubmissionKind};
use super::submit_error::SubmitError;
use super::task_memory::{HostMemory, INLETS, TaskBells};
use super::task_shape::{EVENT_COUNT, TENANT_COUNT};
use crate::ring::{ConsumerState, ProducerState, SharedRmw, SharedWord};

/// The private state of the submitting end. A megakernel has one, made together with it.
///
/// It owns the free list: slots that were never used, and those that come back with completions.
#[derive(Debug)]
pub struct SubmitterState {
    inlets: [ProducerState; INLETS.len()],
    freed: ConsumerState,
    /// The first slot that was never used.
    fresh: u32,
    /// A slot that was taken from the free ones and not used.
    in_hand: Option<u32>,
    op_count: u32,
    quotas: [u32; TENANT_COUNT],
    submitted: [u32; TENANT_COUNT],
    accepted: u64,
}

impl SubmitterState {
    /// Returns the state for memory that is all zero and a handler with so many opcodes; no
    /// tenant has a quota.
    #[must_use]
    pub const fn new(op_count: u32) -> Self {
        Self {
            inlets: [const { ProducerState::new() }; INLETS.len()],
            freed: ConsumerState::new(),
            fresh: 0,
            in_hand: None,
            op_count,
            quotas: [u32::MAX; TENANT_COUNT],
            submitted: [0; TENANT_COUNT],
            accepted: 0,
        }
    }

    /// Sets how many slots a tenant may have at once. Returns whether there is such a tenant.
    pub fn set_quota(&mut self, tenant: u32, slots: u32) -> bool {
        let quota = self.quotas.get_mut(tenant as usize);
        quota.map(|quota| *quota = slots).is_some()
    }

    /// Submits a task and returns its name. Takes a bounded number of steps.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the task inside; nothing was submitted.
    pub fn try_submit<M: HostMemory>(
        &mut self,
        memory: &M,
        task: NewTask,
    ) -> Result<TaskHandle, SubmitError<NewTask>> {
        self.check(memory, &task)?;
        let entered = Gate::enter(memory).ok_or(SubmitError::Closed(task))?;
        let submitted = self.submit(memory, task);
        drop(entered);
        memory.bells().ring_worker();
        submitted
    }

    /// Returns the first thing that is wrong with a task.
    fn check<M: HostMemory>(&self, memory: &M, task: &NewTask) -> Result<(), SubmitError<NewTask>> {
        let tenant = task.tenant() as usize;
        let (Some(quota), Some(submitted)) = (self.quotas.get(tenant), self.submitted.get(tenant))
        else {
            return Err(SubmitError::UnknownTenant(*task));
        };
        if task.op() >= self.op_count {
            return Err(SubmitError::UnknownOp(*task));
        }
        if task.event().0 as usize > EVENT_COUNT {
            return Err(SubmitError::UnknownEvent(*task));
        }
        let ended = memory.gate().tenant_ended(tenant);
        if submitted.wrapping_sub(ended) >= *quota {
            return Err(SubmitError::TenantFull(*task));
        }
        Ok(())
    }

    fn submit<M: HostMemory>(
        &mut self,
        memory: &M,
        task: NewTask,
    ) -> Result<TaskHandle, SubmitError<NewTask>> {
        let slot = self.free_slot(memory).ok_or(SubmitError::Full(task))?;
        let note = memory.note(slot).ok_or(SubmitError::Full(task))?;
        let generation = note.begin(task.tenant());
        let inlet = Submission::inlet(&task);
        let message = Submission::task(slot, generation, &task);
        if !self.push(memory, inlet, message) {
            self.in_hand = Some(slot);
            return Err(SubmitError::Full(task));
        }
        if let Some(submitted) = self.submitted.get_mut(task.tenant() as usize) {
            *submitted = submitted.wrapping_add(1);
        }
        self.accepted += 1;
        memory.gate().show_accepted(self.accepted);
        Ok(TaskHandle::new(slot, generation, inlet))
    }

    fn free_slot<M: HostMemory>(&mut self, memory: &M) -> Option<u32> {
        if let Some(slot) = self.in_hand.take() {
            return Some(slot);
        }
        if self.fresh < memory.shape().host_slots {
            self.fresh += 1;
            return Some(self.fresh - 1);
        }
        self.freed.try_pop::<u32, _>(memory.freed()).ok()
    }

    fn push<M: HostMemory>(&mut self, memory: &M, inlet: u32, message: Submission) -> bool {
        let producer = self.inlets.get_mut(inlet as usize);
        producer
            .is_some_and(|producer| producer.try_push(memory.submissions(inlet), message).is_ok())
    }

    /// Says that a task's epoch has come to `epoch`, [`u32::MAX`] being taken as one less.
    ///
    /// # Errors
    ///
    /// [`Full`](SubmitError::Full) or [`Closed`](SubmitError::Closed). Of a task that has ended
    /// nothing is said, and that is no error.
    pub fn try_resume<M: HostMemory>(
        &mut self,
        memory: &M,
        task: TaskHandle,
        epoch: u32,
    ) -> Result<(), SubmitError<()>> {
        let message = Submission::about(SubmissionKind::Resume, task, epoch);
        self.say(memory, task.inlet(), message)
    }

    /// Lets a held task run as soon as those that join it have ended.
    ///
    /// # Errors
    ///
    /// As [`try_resume`](Self::try_resume).
    pub fn try_release<M: HostMemory>(
        &mut self,
        memory: &M,
        held: TaskHandle,
    ) -> Result<(), SubmitError<()>> {
        self.try_resume(memory, held, 0)
    }

    /// Asks for a task to wait for an epoch instead of running on.
    ///
    /// # Errors
    ///
    /// As [`try_resume`](Self::try_resume).
    pub fn try_pause<M: HostMemory>(
        &mut self,
        memory: &M,
        task: TaskHandle,
        epoch: u32,
    ) -> Result<(), SubmitError<()>> {
        let message = Submission::about(SubmissionKind::Pause, task, epoch);
        self.say(memory, task.inlet(), message)
    }

    /// Asks for the end of a task: unrun when it waits, at its next safe point when it runs. Its
    /// completion comes in either case.
    ///
    /// # Errors
    ///
    /// As [`try_resume`](Self::try_resume).
    pub fn try_cancel<M: HostMemory>(
        &mut self,
        memory: &M,
        task: TaskHandle,
    ) -> Result<(), SubmitError<()>> {
        let message = Submission::about(SubmissionKind::Cancel, task, 0);
        self.say(memory, task.inlet(), message)
    }

    /// Says that an event, 1 to 16, has a value, which only grows.
    ///
    /// # Errors
    ///
    /// [`UnknownEvent`](SubmitError::UnknownEvent), or as [`try_resume`](Self::try_resume).
    pub fn try_signal<M: HostMemory>(
        &mut self,
        memory: &M,
        event: u32,
        value: u32,
    ) -> Result<(), SubmitError<()>> {
        if event == 0 || event as usize > EVENT_COUNT {
            return Err(SubmitError::UnknownEvent(()));
        }
        self.say(memory, 0, Submission::signal(event, value))
    }

    fn say<M: HostMemory>(
        &mut self,
        memory: &M,
        inlet: u32,
        message: Submission,
    ) -> Result<(), SubmitError<()>> {
        let entered = Gate::enter(memory).ok_or(SubmitError::Closed(()))?;
        let is_pushed = self.push(memory, inlet, message);
        drop(entered);
        memory.bells().ring_worker();
        if is_pushed { Ok(()) } else { Err(SubmitError::Full(())) }
    }
}

/// The gate, entered by the submitter. Left by dropping it.
struct Gate<'m, M: HostMemory>(&'m M);

impl<'m, M: HostMemory> Gate<'m, M> {
    fn enter(memory: &'m M) -> Option<Self> {
        let gate = &memory.gate().gate;
        gate.compare_exchange(GATE_OPEN, GATE_BUSY).ok().map(|_| Self(memory))
    }
}

impl<M: HostMemory> Drop for Gate<'_, M> {
    fn drop(&mut self) {
        self.0.gate().gate.store_release(GATE_OPEN);
    }
}

/// Closes the gate: whoever submits from now on gets an error, and what was accepted before can be
/// taken in. Waits while a submission is under way.
pub fn close<M: HostMemory>(memory: &M) {
    while let Err(found) = memory.gate().gate.compare_exchange(GATE_OPEN, GATE_CLOSED) {
        if found == GATE_CLOSED {
            break;
        }
        memory.wait();
    }
    memory.bells().ring_workers();
}

/// Lets workers that start from now on claim again.
pub fn end_stop<M: HostMemory>(memory: &M) {
    memory.gate().stop.store_release(0);
}

/// Tells the workers to claim no more. A task in hand ends or gives way.
pub fn stop<M: HostMemory>(memory: &M) {
    memory.gate().stop.store_release(1);
    memory.bells().ring_workers();
}
