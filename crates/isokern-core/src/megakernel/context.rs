//! A worker as the handler of its task sees it.

use super::hand::{Hand, Place};
use super::handler::TaskContext;
use super::new_task::NewTask;
use super::queue;
use super::sidecar::SidecarFlags;
use super::slot::TaskSlot;
use super::spawn_error::SpawnTaskError;
use super::state::TaskPriority;
use super::submission::Submission;
use super::tally::Tally;
use super::task_memory::{TaskBells, WorkerMemory};
use crate::call::Clock;
use crate::ring::SharedCounter;

/// What a worker lends to the handler for one run of one task.
pub(super) struct WorkerContext<'a, M: WorkerMemory, C> {
    hand: &'a mut Hand,
    memory: &'a M,
    clock: &'a C,
    op_count: u32,
    place: &'a Place<'a, M::Word>,
    priority: u32,
    task_id: u32,
    claimed_ns: u64,
}

impl<'a, M: WorkerMemory, C: Clock> WorkerContext<'a, M, C> {
    pub(super) fn new(
        hand: &'a mut Hand,
        memory: &'a M,
        clock: &'a C,
        op_count: u32,
        place: &'a Place<'a, M::Word>,
        task: &TaskSlot,
    ) -> Self {
        let (priority, claimed_ns, task_id) = (task.priority, hand.now_ns, task.task_id());
        Self { hand, memory, clock, op_count, place, priority, task_id, claimed_ns }
    }

    fn flags(&self) -> SidecarFlags {
        self.place.sidecar.flags()
    }

    /// Returns whether a task may be spawned: what only the host's tasks can have is not in it.
    fn refusal(&self, task: NewTask) -> Option<SpawnTaskError> {
        if task.op() >= self.op_count {
            return Some(SpawnTaskError::UnknownOp(task));
        }
        let is_host_s = task.is_held() || task.join().is_some() || task.event().0 != 0;
        is_host_s.then_some(SpawnTaskError::HostOnly(task))
    }
}

impl<M: WorkerMemory, C: Clock> TaskContext for WorkerContext<'_, M, C> {
    fn must_yield(&mut self) -> bool {
        self.hand.now_ns = self.clock.now_ns();
        self.hand.look_if_due(self.memory, true);
        let flags = self.flags();
        flags.contains(SidecarFlags::CANCELLED)
            || flags.contains(SidecarFlags::PAUSE_ASKED)
            || self.hand.is_over()
            || Hand::is_outranked(
                self.memory,
                TaskPriority::from_word(self.priority).unwrap_or_default(),
            )
    }

    fn is_cancelled(&self) -> bool {
        self.flags().contains(SidecarFlags::CANCELLED)
    }

    fn is_stopping(&self) -> bool {
        self.memory.gate().is_stopped() || self.clock.now_ns() >= self.hand.end_ns
    }

    fn spawn(&mut self, task: NewTask) -> Result<(), SpawnTaskError> {
        if let Some(error) = self.refusal(task) {
            return Err(error);
        }
        let (memory, places) = (self.memory, self.hand.shape.queue_places);
        let spare = queue::pop(memory.spare(), places, || memory.wait());
        let Some(child) = spare.and_then(|index| Place::of(memory, index)) else {
            return Err(SpawnTaskError::NoSlot(task));
        };
        let generation = child.sidecar.generation().wrapping_add(1);
        let submission = Submission::task(child.index, generation, &task).joining(self.place.index);
        // Before the child can end.
        self.place.sidecar.pending.fetch_add(1);
        child.sidecar.begin(&submission, SidecarFlags::SPAWNED, self.hand.now_ns);
        // The slot came out of the queue of free ones, and the task is one to be claimed.
        let _ = child.slot.fill(submission.to_slot(self.task_id));
        self.hand.count(memory, Tally::Spawned);
        self.hand.count_came(memory);
        self.hand.queue(memory, &child, task.priority());
        memory.bells().ring_worker();
        Ok(())
    }

    fn has_failed_child(&self) -> bool {
        self.flags().contains(SidecarFlags::CHILD_FAILED)
    }

    fn slot(&self) -> u32 {
        self.place.index
    }

    fn generation(&self) -> u32 {
        self.place.sidecar.generation()
    }

    fn worker(&self) -> u32 {
        self.hand.number
    }

    fn claimed_ns(&self) -> u64 {
        self.claimed_ns
    }

    fn queued_ns(&self) -> u64 {
        // Nobody but this worker writes it while the task runs.
        self.claimed_ns.saturating_sub(self.place.sidecar.last.load())
    }
}
