//! A worker: takes submissions in, takes a task, runs it, says how it ended.

use core::fmt;
use core::time::Duration;

use super::context::WorkerContext;
use super::faults::FAULT_PANIC;
use super::hand::{Hand, Place};
use super::handler::{TaskContext, TaskHandler};
use super::intake::is_empty;
use super::queue;
use super::slot::TaskSlot;
use super::step::TaskStep;
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
/// another worker waits for, and allocates nothing. Its numbers are in memory at any moment, so
/// that a new one can go on.
pub struct Worker<M: WorkerMemory, H, C, T = Solo> {
    memory: M,
    handler: H,
    clock: C,
    team: T,
    hand: Option<Hand>,
    over: Option<WorkerEnd>,
}

impl<M: WorkerMemory, H: TaskHandler<T>, C: Clock, T: Team> Worker<M, H, C, T> {
    /// Takes in what was submitted and runs one task, if there is one.
    pub fn step(&mut self) -> WorkerStep {
        self.steps(1)
    }

    /// Takes a step, and others while there are tasks, `count` at most; returns what the last says.
    #[inline]
    pub fn steps(&mut self, count: u32) -> WorkerStep {
        let Self { memory, handler, clock, team, hand, over } = self;
        if over.is_none()
            && let Some(hand) = hand
            && let Some(line) = memory.worker_line(hand.number)
        {
            let mut left = count;
            hand.now_ns = clock.now_ns();
            while let Some(index) = hand.next(memory) {
                hand.run(memory, line, index, (handler, clock, team));
                left = left.saturating_sub(1);
                if left == 0 {
                    return WorkerStep::Worked;
                }
            }
        }
        self.without_task()
    }
}

impl<M: WorkerMemory, H, C: Clock> Worker<M, H, C> {
    /// Returns worker `number` of a slice that begins now; one whose number the memory has no
    /// place for stops at once.
    pub fn new(memory: M, handler: H, clock: C, number: u32, slice: TaskSlice) -> Self {
        Self::with_team(memory, (handler, Solo), clock, number, slice)
    }
}

impl<M: WorkerMemory, H, C: Clock, T> Worker<M, H, C, T> {
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
            hand.next_look_ns = 0;
        }
        self.over = None;
    }

    /// Takes in what was submitted and takes one task in hand, which the caller runs from its
    /// continuation on, with [`must_yield`](Self::must_yield) at its safe points, and ends with
    /// [`end_task`](Self::end_task). The handler does not run.
    ///
    /// For teams of which only one rank has the worker: all of them run the task between two calls.
    ///
    /// # Errors
    ///
    /// Where there is none: what [`step`](Self::step) would say, or that a task was ended that was
    /// not to run.
    pub fn take(&mut self) -> Result<TaskSlot, WorkerStep> {
        let Self { memory, clock, hand, over, .. } = self;
        if over.is_none()
            && let Some(hand) = hand
        {
            hand.now_ns = clock.now_ns();
            if let Some(index) = hand.next(memory) {
                let line = memory.worker_line(hand.number).ok_or(WorkerStep::Worked)?;
                let place = hand.claim(memory, line, index).ok_or(WorkerStep::Worked)?;
                let task = place.slot.claimed();
                let is_to_run = hand.take_in_hand(memory, line, &place, &task);
                return is_to_run.then_some(task).ok_or(WorkerStep::Worked);
            }
        }
        Err(self.without_task())
    }

    /// Takes in what was submitted and looks whether the host asks to stop, while others run the
    /// task in hand: what [`must_yield`](Self::must_yield) says afterwards is as old as this.
    pub fn attend(&mut self) {
        if let Some(hand) = &mut self.hand {
            hand.now_ns = self.clock.now_ns();
            hand.look(&self.memory, true);
        }
    }

    /// Returns whether the task in hand is to give way
    /// ([`TaskContext::must_yield`](super::TaskContext::must_yield)); takes in what was submitted
    /// before, unless that was done [just now](WorkerMemory::LOOK_NS).
    pub fn must_yield(&mut self) -> bool {
        let Some((hand, place)) = in_hand(&mut self.hand, &self.memory) else { return true };
        let task = place.slot.snapshot();
        WorkerContext::new(hand, &self.memory, &self.clock, 0, &place, &task).must_yield()
    }

    /// Ends the task in hand, or lets it wait, as its handler's step would; nothing where there is
    /// none.
    pub fn end_task(&mut self, step: TaskStep) {
        if let Some((hand, place)) = in_hand(&mut self.hand, &self.memory)
            && let Some(line) = self.memory.worker_line(hand.number)
        {
            hand.after_handler(&self.memory, line, &self.clock, &place, step);
        }
    }

    /// Returns what a step says when there was no task.
    #[inline(never)] // A step that has one does without its frame.
    fn without_task(&mut self) -> WorkerStep {
        if let Some(end) = self.over {
            return WorkerStep::Over(end);
        }
        let Some(hand) = &self.hand else {
            return self.finish(WorkerEnd::Closed);
        };
        if self.memory.gate().is_stopped() {
            return self.finish(WorkerEnd::Stop);
        }
        if hand.now_ns >= hand.end_ns {
            return self.finish(WorkerEnd::Budget);
        }
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
        self.over = Some(end);
        WorkerStep::Over(end)
    }
}

/// Returns the worker's own state and the task that it has in hand.
fn in_hand<'h, 'm, M: WorkerMemory>(
    hand: &'h mut Option<Hand>,
    memory: &'m M,
) -> Option<(&'h mut Hand, Place<'m, M::Word>)> {
    let hand = hand.as_mut()?;
    let place = Place::of(memory, hand.running?)?;
    Some((hand, place))
}

/// Returns whether nothing is left to run and nothing more can come.
fn is_over<M: WorkerMemory>(memory: &M) -> bool {
    // In this order: closed, so nothing more comes in; taken in, so all of it is counted; and
    // those that went before those that came, so that equal sums were equal at one moment.
    if !memory.gate().is_closed() || INLETS.iter().any(|inlet| !is_empty(memory, *inlet)) {
        return false;
    }
    let sum = |count: fn(&M, u32) -> u32| {
        (0..memory.shape().worker_count).fold(0_u32, |sum, at| sum.wrapping_add(count(memory, at)))
    };
    let went = sum(|memory, at| memory.worker_line(at).map_or(0, |it| it.went.load_acquire()));
    let came = sum(|memory, at| memory.worker_line(at).map_or(0, |it| it.came.load_acquire()));
    went == came
}

/// Ends the task that worker `number` had in hand when its handler panicked, as faulted, and counts
/// the panic; nothing where it had none.
///
/// For a thread that cannot unwind: on a device the thread calls it that is about to end. Nobody
/// else takes steps of that worker then.
pub fn abandon<M: WorkerMemory>(memory: &M, number: u32, now_ns: u64) {
    let slice = TaskSlice { worker_count: 0, wall_time: Duration::ZERO, passed_over_max: u32::MAX };
    if let Some(line) = memory.worker_line(number) {
        let mut hand = Hand::from_line(number, memory.shape(), line, slice, now_ns);
        hand.now_ns = now_ns;
        hand.recover(memory, FAULT_PANIC);
    }
}

/// Fills the queue of free slots for spawned tasks; once, before the first worker starts.
pub fn prepare<M: WorkerMemory>(memory: &M) {
    let shape = memory.shape();
    for index in shape.host_slots..shape.slot_count() {
        queue::push(memory.spare(), shape.queue_places, index, || memory.wait());
    }
}

impl<M: WorkerMemory, H, C, T> fmt::Debug for Worker<M, H, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hand, over, .. } = self;
        f.debug_struct("Worker").field("hand", hand).field("over", over).finish_non_exhaustive()
    }
}
