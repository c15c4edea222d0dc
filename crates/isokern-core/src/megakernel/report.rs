//! Reports: what became of every task.

use super::lines::WorkerLine;
use super::shared_slot::SharedTaskSlot;
use super::state::TaskState;
use super::submission::Submission;
use super::tally::Tally;
use super::task_memory::{INLETS, TaskMemory};
use crate::ring::{SharedRing, SharedWord, take};

/// The account of a megakernel at rest: each accepted task is in exactly one number.
///
/// ```
/// use isokern_core::megakernel::MegakernelReport;
///
/// let report = MegakernelReport { accepted: 3, done: 2, paused: 1, ..Default::default() };
/// assert!(report.is_accounted());
/// assert!(!MegakernelReport { accepted: 4, ..report }.is_accounted());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MegakernelReport {
    /// Tasks that were submitted and accepted.
    pub accepted: u64,
    /// Accepted tasks that finished.
    pub done: u64,
    /// Accepted tasks that failed.
    pub faulted: u64,
    /// Accepted tasks that were cancelled before they finished.
    pub cancelled: u64,
    /// Accepted tasks that were never claimed, or were resumed, and wait in a queue.
    pub ready: u64,
    /// Accepted tasks that gave way and wait in a queue.
    pub yielded: u64,
    /// Accepted tasks that were put back and wait in a queue.
    pub requeued: u64,
    /// Accepted tasks that wait for an epoch, an event, other tasks or a release.
    pub paused: u64,
    /// Accepted tasks that no worker has taken in.
    pub unread: u64,
    /// Submissions that no worker could take in, because a slot was not what the host said: 0
    /// unless memory was damaged.
    pub refused: u64,
    /// Slots in the hands of a worker: 0 when all workers have stopped.
    pub running: u64,
    /// Tasks that tasks spawned.
    pub spawned: u64,
    /// Spawned tasks that have ended, well or not.
    pub spawned_ended: u64,
    /// Spawned tasks that have not ended.
    pub spawned_left: u64,
    /// How often a task gave way.
    pub yields: u64,
    /// How often a task was put back.
    pub requeues: u64,
    /// How often a task began to wait.
    pub pauses: u64,
    /// How often a worker claimed a task.
    pub claims: u64,
    /// Panics of handlers; each ended its task as faulted.
    pub panics: u64,
}

impl MegakernelReport {
    /// Returns whether every accepted task and every spawned one is in one of the numbers, and
    /// nothing is in the hands of a worker.
    #[must_use]
    pub const fn is_accounted(&self) -> bool {
        let ended = self.done + self.faulted + self.cancelled;
        let queued = self.ready + self.yielded + self.requeued;
        ended + queued + self.paused + self.unread + self.refused == self.accepted
            && self.spawned_ended + self.spawned_left == self.spawned
            && self.running == 0
    }

    /// Returns how many accepted tasks have not ended.
    #[must_use]
    pub const fn left(&self) -> u64 {
        let ended = self.done + self.faulted + self.cancelled + self.refused;
        self.accepted.saturating_sub(ended)
    }

    /// Counts what is in a memory. Exact while its workers are at rest and nobody submits.
    #[must_use]
    pub fn of<M: TaskMemory>(memory: &M) -> Self {
        let shape = memory.shape();
        let mut report = Self { accepted: memory.gate().accepted(), ..Self::default() };
        for worker in 0..shape.worker_count {
            if let Some(line) = memory.worker_line(worker) {
                report.add_worker(line);
            }
        }
        for index in 0..shape.slot_count() {
            let state = memory.slot(index).and_then(SharedTaskSlot::state_now);
            report.add_slot(state, index < shape.host_slots);
        }
        report.unread = INLETS.map(|inlet| unread_tasks(memory.submissions(inlet))).iter().sum();
        report
    }

    fn add_worker<W: SharedWord>(&mut self, line: &WorkerLine<W>) {
        let read = |tally: Tally| line.read(tally as usize);
        self.done += read(Tally::Done);
        self.faulted += read(Tally::Faulted);
        self.cancelled += read(Tally::Cancelled);
        self.yields += read(Tally::Yields);
        self.requeues += read(Tally::Requeues);
        self.pauses += read(Tally::Pauses);
        self.spawned += read(Tally::Spawned);
        self.spawned_ended += read(Tally::SpawnedEnded);
        self.refused += read(Tally::Refused);
        self.claims += read(Tally::Claims);
        self.panics += read(Tally::Panics);
    }

    fn add_slot(&mut self, state: Option<TaskState>, is_host_s: bool) {
        let Some(state) = state else {
            return;
        };
        let counted = match state {
            TaskState::Empty | TaskState::Done | TaskState::Faulted => return,
            TaskState::Running => &mut self.running,
            _ if !is_host_s => &mut self.spawned_left,
            TaskState::Ready => &mut self.ready,
            TaskState::Paused => &mut self.paused,
            TaskState::Yielded => &mut self.yielded,
            TaskState::Requeued => &mut self.requeued,
        };
        *counted += 1;
    }
}

/// Returns the tasks that are published in a ring and were not taken.
fn unread_tasks<R: SharedRing>(ring: &R) -> u64 {
    let head = ring.head().load_acquire();
    let tickets = (0..ring.slot_count().count()).map(|offset| head.wrapping_add(offset));
    let unread = tickets.map_while(|ticket| take::<Submission, R>(ring, ticket));
    unread.filter(Submission::is_task).count() as u64
}
