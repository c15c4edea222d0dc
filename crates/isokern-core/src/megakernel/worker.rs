//! A worker: takes submissions in, takes a task, runs it, says how it ended.

use core::fmt;

use super::faults::FAULT_PANIC;
use super::hand::Hand;
use super::handler::TaskHandler;
use super::intake::is_empty;
use super::queue;
use super::task_host::TaskSlice;
use super::task_memory::{INLETS, WorkerMemory};
use crate::call::{Clock, moment_after};
use crate::ring::SharedWord;
use crate::team::{Solo, Team};

/// The result of one step of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerStep {
    /// A task was run.
    Worked,
    /// There was none.
    Idle,
    /// The worker stops, and every later step says the same.
    Over(WorkerEnd),
}

/// Why a worker stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkerEnd {
    /// It was asked to.
    Stop,
    /// The slice's time is over.
    Budget,
    /// Nothing more can be submitted, nothing is queued and nothing runs.
    Closed,
}

/// One worker over the memory that it shares with others and with a host.
///
/// A value that a thread, a loop or a block calls [`step`](Self::step) of. It takes no lock that
/// another worker waits for, and allocates nothing. Its numbers are in memory when it is idle, over
/// or dropped, so that a new one can go on.
pub struct Worker<M: WorkerMemory, H, C, T = Solo> {
    memory: M,
    handler: H,
    clock: C,
    team: T,
    hand: Option<Hand>,
    over: Option<WorkerEnd>,
}

impl<M: WorkerMemory, H: TaskHandler, C: Clock> Worker<M, H, C> {
    /// Returns worker `number` of a slice that begins now; one whose number the memory has no
    /// place for stops at once.
    pub fn new(memory: M, handler: H, clock: C, number: u32, slice: TaskSlice) -> Self {
        Self::with_team(memory, (handler, Solo), clock, number, slice)
    }
}

impl<M: WorkerMemory, H: TaskHandler<T>, C: Clock, T: Team> Worker<M, H, C, T> {
    /// Works as [`new`](Worker::new), for a team that runs each task together.
    pub fn with_team(
        memory: M,
        (handler, team): (H, T),
        clock: C,
        number: u32,
        slice: TaskSlice,
    ) -> Self {
        let end_ns = moment_after(&clock, slice.wall_time);
        let shape = memory.shape();
        let line = memory.worker_line(number);
        let hand = line.map(|line| Hand::from_line(number, shape, line, slice, end_ns));
        Self { memory, handler, clock, team, hand, over: None }
    }

    /// Begins another slice, once this one is over.
    pub fn begin(&mut self, slice: TaskSlice) {
        let end_ns = moment_after(&self.clock, slice.wall_time);
        if let Some(hand) = &mut self.hand {
            hand.end_ns = end_ns;
            hand.passed_over_max = slice.passed_over_max;
        }
        self.over = None;
    }

    /// Takes in what was submitted and runs one task, if there is one.
    pub fn step(&mut self) -> WorkerStep {
        if let Some(end) = self.over {
            return WorkerStep::Over(end);
        }
        let Some(hand) = &mut self.hand else {
            return self.finish(WorkerEnd::Closed);
        };
        hand.now_ns = self.clock.now_ns();
        if self.memory.gate().is_stopped() {
            return self.finish(WorkerEnd::Stop);
        }
        if hand.now_ns >= hand.end_ns {
            return self.finish(WorkerEnd::Budget);
        }
        hand.take_in(&self.memory, false);
        if let Some(index) = hand.take_next(&self.memory) {
            hand.run(&self.memory, index, (&self.handler, &self.clock, &self.team));
            return WorkerStep::Worked;
        }
        hand.show(&self.memory);
        if is_over(&self.memory) {
            return self.finish(WorkerEnd::Closed);
        }
        WorkerStep::Idle
    }

    /// Ends the task whose handler panicked in the last step, as faulted. The worker goes on.
    pub fn recover(&mut self) {
        if let Some(hand) = &mut self.hand {
            hand.recover(&self.memory, FAULT_PANIC);
        }
    }

    /// Returns the memory.
    pub const fn memory(&self) -> &M {
        &self.memory
    }

    /// Returns the worker's number.
    pub fn number(&self) -> u32 {
        self.hand.as_ref().map_or(u32::MAX, |hand| hand.number)
    }

    fn finish(&mut self, end: WorkerEnd) -> WorkerStep {
        if let Some(hand) = &mut self.hand {
            hand.show(&self.memory);
        }
        self.over = Some(end);
        WorkerStep::Over(end)
    }
}

/// Returns whether nothing is left to run and nothing more can come.
fn is_over<M: WorkerMemory>(memory: &M) -> bool {
    // In this order: closed, so nothing more comes in; taken in, so all of it is counted; and
    // those that went before those that came, so that equal sums were equal at one moment.
    if !memory.gate().is_closed()
        || INLETS.iter().any(|inlet| !is_empty(memory.submissions(*inlet)))
    {
        return false;
    }
    let sum = |count: fn(&M, u32) -> u32| {
        (0..memory.shape().worker_count).fold(0_u32, |sum, at| sum.wrapping_add(count(memory, at)))
    };
    let went = sum(|memory, at| memory.worker_line(at).map_or(0, |it| it.went.load_acquire()));
    let came = sum(|memory, at| memory.worker_line(at).map_or(0, |it| it.came.load_acquire()));
    went == came
}

/// Fills the queue of free slots for spawned tasks; once, before the first worker starts.
pub fn prepare<M: WorkerMemory>(memory: &M) {
    let shape = memory.shape();
    for index in shape.host_slots..shape.slot_count() {
        queue::push(memory.spare(), shape.queue_places, index, || memory.wait());
    }
}

impl<M: WorkerMemory, H, C, T> Drop for Worker<M, H, C, T> {
    /// Shows what the worker counted, so that another one can go on.
    fn drop(&mut self) {
        if let Some(hand) = &mut self.hand {
            hand.show(&self.memory);
        }
    }
}

impl<M: WorkerMemory, H, C, T> fmt::Debug for Worker<M, H, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hand, over, .. } = self;
        f.debug_struct("Worker").field("hand", hand).field("over", over).finish_non_exhaustive()
    }
}
