//! The steps of the end that learns how tasks ended.

use super::completion::{Completion, TaskEnd};
use super::handle::TaskHandle;
use super::task_memory::{HostMemory, TaskBells};
use crate::ring::{ConsumerState, PopError, ProducerState, SharedRing, SharedWord};

/// The private state of the end that takes completions. A megakernel has one.
///
/// It gives slots back to the submitter: the completion is the credit.
#[derive(Debug, Default)]
pub struct CompletionsState {
    freed: ProducerState,
    /// The worker whose ring is looked at first.
    next_worker: u32,
    /// Ends that were taken from their rings while another was looked for.
    kept_count: u32,
    /// Where the look for kept ones goes on.
    next_kept: u32,
}

impl CompletionsState {
    /// Returns the state for memory that is all zero.
    #[must_use]
    pub const fn new() -> Self {
        Self { freed: ProducerState::new(), next_worker: 0, kept_count: 0, next_kept: 0 }
    }

    /// Takes the end of a task, of whichever comes first.
    ///
    /// # Errors
    ///
    /// [`Empty`](PopError::Empty) while none is there, [`Closed`](PopError::Closed) when the
    /// workers have stopped for good and every end was taken.
    pub fn try_next<M: HostMemory>(&mut self, memory: &M) -> Result<TaskEnd, PopError> {
        if let Some(end) = self.next_kept(memory) {
            return Ok(end);
        }
        let end = self.next_new(memory)?;
        self.free(memory, end.slot);
        Ok(end)
    }

    /// Takes the end of this task. Ends of others that come first are kept for later.
    ///
    /// # Errors
    ///
    /// As [`try_next`](Self::try_next). Also [`Closed`](PopError::Closed) when the end of this
    /// task was taken before.
    pub fn try_take<M: HostMemory>(
        &mut self,
        memory: &M,
        task: TaskHandle,
    ) -> Result<TaskEnd, PopError> {
        let note = memory.note(task.slot()).ok_or(PopError::Closed)?;
        if note.generation() != task.generation() {
            return Err(PopError::Closed);
        }
        if let Some(end) = note.kept_end(task.slot()) {
            self.kept_count = self.kept_count.saturating_sub(1);
            self.free(memory, end.slot);
            return Ok(end);
        }
        if note.is_finished() {
            return Err(PopError::Closed);
        }
        loop {
            let end = self.next_new(memory)?;
            if end.is_of(task) {
                self.free(memory, end.slot);
                return Ok(end);
            }
            if let Some(note) = memory.note(end.slot) {
                note.keep(&end);
                self.kept_count = self.kept_count.saturating_add(1);
            }
        }
    }

    fn next_kept<M: HostMemory>(&mut self, memory: &M) -> Option<TaskEnd> {
        if self.kept_count == 0 {
            return None;
        }
        let slots = memory.shape().host_slots;
        for _ in 0..slots {
            let slot = self.next_kept;
            self.next_kept = if slot + 1 < slots { slot + 1 } else { 0 };
            let note = memory.note(slot)?;
            if let Some(end) = note.kept_end(slot) {
                self.kept_count -= 1;
                self.free(memory, slot);
                return Some(end);
            }
        }
        None
    }

    /// Takes a completion from the rings, which are looked at in turns.
    fn next_new<M: HostMemory>(&mut self, memory: &M) -> Result<TaskEnd, PopError> {
        let workers = memory.shape().worker_count;
        let mut is_closed = true;
        for _ in 0..workers {
            let worker = self.next_worker;
            match memory.completions(worker).map_or(Err(PopError::Closed), pop) {
                Ok(completion) => {
                    if let Some(end) = completion.end() {
                        return Ok(end);
                    }
                }
                Err(PopError::Empty) => is_closed = false,
                Err(PopError::Closed) => {}
            }
            self.next_worker = if worker + 1 < workers { worker + 1 } else { 0 };
        }
        Err(if is_closed { PopError::Closed } else { PopError::Empty })
    }

    /// Gives a slot back, and to its tenant.
    fn free<M: HostMemory>(&mut self, memory: &M, slot: u32) {
        if let Some(note) = memory.note(slot) {
            note.finish();
            memory.gate().count_tenant_ended(note.tenant());
        }
        // There is a place for every slot.
        let _ = self.freed.try_push(memory.freed(), slot);
    }
}

/// Takes a completion. Who consumes them has no state but the head of their ring.
fn pop<R: SharedRing>(ring: &R) -> Result<Completion, PopError> {
    let mut consumer = ConsumerState::starting_at(ring.head().load_relaxed());
    let completion = consumer.try_take(ring);
    if completion.is_ok() {
        consumer.publish_head(ring);
    }
    completion
}

/// Says that no completion will follow, once all workers have stopped for good.
pub fn close_completions<M: HostMemory>(memory: &M) {
    for worker in 0..memory.shape().worker_count {
        if let (Some(ring), Some(line)) = (memory.completions(worker), memory.worker_line(worker)) {
            ProducerState::starting_at(line.tail.load_acquire()).close(ring);
        }
    }
    memory.bells().ring_host();
}
