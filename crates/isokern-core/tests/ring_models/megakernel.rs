//! Workers of a megakernel: the source that everybody runs, two of them at a time.
//!
//! Two slots for the host, two for spawned tasks, so that queues and rings wrap within a model.
//! What comes before the race runs on one thread: loom has to know of every word there is.

use core::time::Duration;
use std::sync::Arc;

use isokern_core::call::{Clock, PollingSleep};
use isokern_core::megakernel::{
    CompletionsState, MegakernelReport, NewTask, NoBells, SubmitterState, TaskCells, TaskContext,
    TaskHandle, TaskHandler, TaskOutcome, TaskPriority, TaskShape, TaskSlice, TaskStep, TaskStore,
    Worker, WorkerEnd, WorkerStep, close, prepare,
};
use isokern_core::{Solo, TaskSlot};
use loom::thread;

use super::words::{LoomCell, LoomWord};

/// Four places of everything, over loom's words.
enum LoomTasks {}

impl TaskStore for LoomTasks {
    type Word = LoomWord;
    type Cell = LoomCell;
    type Many<T> = Vec<T>;
    type PerWorker<T> = Vec<T>;

    fn many<T>(count: u32, mut make: impl FnMut() -> T) -> Vec<T> {
        (0..count).map(|_| make()).collect()
    }

    fn per_worker<T>(count: u32, make: impl FnMut() -> T) -> Vec<T> {
        Self::many(count, make)
    }

    fn wait() {
        thread::yield_now();
    }
}

type Memory = Arc<TaskCells<LoomTasks, NoBells>>;
type LoomWorker = Worker<Memory, Tasks, Stopped>;

/// A clock that does not move.
#[derive(Clone, Copy)]
struct Stopped;

impl Clock for Stopped {
    fn now_ns(&self) -> u64 {
        0
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}

const DONE: u32 = 0;
const YIELDS_ONCE: u32 = 1;
const PAUSES: u32 = 2;
const JOINS_TWO: u32 = 3;
const JOINS_ONE: u32 = 4;

#[derive(Clone, Copy)]
struct Tasks;

impl TaskHandler for Tasks {
    fn op_count(&self) -> u32 {
        5
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        match (task.op_handle(), task.continuation_pc()) {
            (YIELDS_ONCE, 0) => TaskStep::Yield { pc: 1, data: 0 },
            (PAUSES, 0) => TaskStep::Pause { pc: 1, data: 0, epoch: 1 },
            (JOINS_TWO | JOINS_ONE, 0) => {
                if task.op_handle() == JOINS_TWO {
                    context.spawn(NewTask::new(DONE)).expect("a slot is free");
                }
                context.spawn(NewTask::new(DONE)).expect("a slot is free");
                TaskStep::Join { pc: 1, data: 0 }
            }
            _ => TaskStep::Done,
        }
    }
}

struct Model {
    memory: Memory,
    submitter: SubmitterState,
    completions: CompletionsState,
}

impl Model {
    fn new(spawn_slots: u32) -> Self {
        let shape = TaskShape::try_new(2, spawn_slots, 2).expect("it is small");
        let (cell, word) = (LoomCell::default, LoomWord::default);
        let memory = Arc::new(TaskCells::from_words(shape, NoBells, cell, word));
        prepare(&memory);
        Self { memory, submitter: SubmitterState::new(5), completions: CompletionsState::new() }
    }

    fn worker(&self, number: u32) -> LoomWorker {
        let slice = TaskSlice { worker_count: 2, wall_time: Duration::MAX, passed_over_max: 64 };
        Worker::new(self.memory.clone(), Tasks, Stopped, number, slice)
    }

    fn submit(&mut self, op: u32) -> TaskHandle {
        self.submitter.try_submit(&self.memory, NewTask::new(op)).expect("a slot is free")
    }

    /// Returns the outcomes that were told, when everything has ended.
    fn outcomes(&mut self) -> Vec<TaskOutcome> {
        let report = MegakernelReport::of(&self.memory);
        assert!(report.is_accounted() && report.left() == 0, "{report:?}");
        let next = || self.completions.try_next(&self.memory).ok();
        core::iter::from_fn(next).map(|end| end.outcome).collect()
    }
}

/// Steps until the worker stops, letting the other one run while there is nothing to do.
fn run_to_the_end(mut worker: LoomWorker) {
    loop {
        match worker.step() {
            WorkerStep::Worked => {}
            WorkerStep::Idle => thread::yield_now(),
            WorkerStep::Over(end) => {
                assert_eq!(end, WorkerEnd::Closed);
                return;
            }
        }
    }
}

/// Steps until there is nothing to do.
fn run_until_idle(worker: &mut LoomWorker) {
    while worker.step() == WorkerStep::Worked {}
}

/// As the models of rings, with room for the many words that a step of a worker looks at.
fn explore(preemption_bound: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemption_bound);
    builder.max_branches = 20_000;
    builder.check(model);
}

/// Both workers run what is there, at the same time.
fn race(model: &Model) {
    close(&model.memory);
    let (mine, other) = (model.worker(0), model.worker(1));
    let other = thread::spawn(move || run_to_the_end(other));
    run_to_the_end(mine);
    other.join().expect("no panic");
}

#[test]
fn of_two_tasks_that_yield_each_runs_to_its_end_once() {
    explore(2, || {
        let mut model = Model::new(0);
        model.submit(YIELDS_ONCE);
        model.submit(YIELDS_ONCE);
        // Takes both in, and runs the first to its yield.
        assert_eq!(model.worker(0).step(), WorkerStep::Worked);
        race(&model);
        assert_eq!(model.outcomes(), [TaskOutcome::Done; 2]);
    });
}

#[test]
fn the_last_of_two_children_lets_the_parent_go_on_once() {
    explore(2, || {
        let mut model = Model::new(2);
        model.submit(JOINS_TWO);
        // Spawns both, and waits.
        let mut first = model.worker(0);
        assert_eq!(first.step(), WorkerStep::Worked);
        close(&model.memory);
        let other = model.worker(1);
        let other = thread::spawn(move || run_to_the_end(other));
        run_to_the_end(first);
        other.join().expect("no panic");
        assert_eq!(model.outcomes(), [TaskOutcome::Done]);
        let report = MegakernelReport::of(&model.memory);
        assert_eq!((report.spawned, report.spawned_ended), (2, 2));
    });
}

/// The child runs while its parent is on the way to wait for it.
#[test]
fn a_child_that_ends_before_its_parent_waits_does_not_lose_it() {
    explore(2, || {
        let mut model = Model::new(1);
        model.submit(JOINS_ONE);
        let critical = NewTask::new(DONE).with_priority(TaskPriority::Critical);
        model.submitter.try_submit(&model.memory, critical).expect("a slot is free");
        // Takes both in and runs the critical one.
        assert_eq!(model.worker(0).step(), WorkerStep::Worked);
        race(&model);
        assert_eq!(model.outcomes(), [TaskOutcome::Done; 2]);
        assert_eq!(MegakernelReport::of(&model.memory).spawned_ended, 1);
    });
}

#[test]
fn a_cancel_that_meets_a_claim_ends_the_task_once() {
    explore(2, || {
        let mut model = Model::new(0);
        let task = model.submit(YIELDS_ONCE);
        let (mut mine, mut other) = (model.worker(0), model.worker(1));
        assert_eq!(mine.step(), WorkerStep::Worked);
        let claimer = thread::spawn(move || {
            run_until_idle(&mut other);
            other
        });
        model.submitter.try_cancel(&model.memory, task).expect("there is room");
        run_until_idle(&mut mine);
        let mut other = claimer.join().expect("no panic");
        // Whoever took the other's look for an empty queue.
        run_until_idle(&mut mine);
        run_until_idle(&mut other);
        assert_eq!(model.outcomes().len(), 1);
    });
}

#[test]
fn a_resume_that_meets_the_pause_is_not_lost() {
    explore(2, || {
        let mut model = Model::new(0);
        let task = model.submit(PAUSES);
        let critical = NewTask::new(DONE).with_priority(TaskPriority::Critical);
        model.submitter.try_submit(&model.memory, critical).expect("a slot is free");
        let (mut mine, mut other) = (model.worker(0), model.worker(1));
        // Takes both in and runs the critical one.
        assert_eq!(mine.step(), WorkerStep::Worked);
        let pauser = thread::spawn(move || {
            run_until_idle(&mut other);
            other
        });
        model.submitter.try_resume(&model.memory, task, 1).expect("there is room");
        run_until_idle(&mut mine);
        let mut other = pauser.join().expect("no panic");
        run_until_idle(&mut mine);
        run_until_idle(&mut other);
        assert_eq!(model.outcomes(), [TaskOutcome::Done; 2]);
    });
}

#[test]
fn a_submission_that_meets_the_close_is_run_or_refused() {
    explore(3, || {
        let mut model = Model::new(0);
        let memory = model.memory.clone();
        let submitter = thread::spawn(move || {
            let accepted = model.submitter.try_submit(&model.memory, NewTask::new(DONE)).is_ok();
            (model, accepted)
        });
        close(&memory);
        let slice = TaskSlice { worker_count: 1, wall_time: Duration::MAX, passed_over_max: 64 };
        run_to_the_end(Worker::new(memory, Tasks, Stopped, 0, slice));
        let (mut model, accepted) = submitter.join().expect("no panic");
        assert_eq!(model.outcomes().len(), usize::from(accepted));
    });
}
