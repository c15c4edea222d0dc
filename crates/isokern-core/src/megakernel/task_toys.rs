//! A megakernel on one thread whose tasks do as little as possible, for tests.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::vec::Vec;

use super::{
    CompletionsState, MegakernelReport, NewTask, SpawnTaskError, SubmitterState, TaskArrays,
    TaskCells, TaskContext, TaskEnd, TaskHandle, TaskHandler, TaskOutcome, TaskPriority, TaskSlice,
    TaskSlot, TaskStep, Worker, WorkerStep, prepare,
};
use crate::call::toys::HandClock;
use crate::team::Solo;

pub(super) type Cells = TaskCells<TaskArrays<8, 2>>;

/// What tasks of the tests do, by opcode; each run is written down.
pub(super) struct Toy<'c> {
    pub(super) clock: &'c HandClock,
    pub(super) runs: AtomicU64,
}

pub(super) const DONE: u32 = 0;
pub(super) const YIELDS: u32 = 1;
pub(super) const REQUEUES: u32 = 2;
pub(super) const PAUSES: u32 = 3;
pub(super) const SPAWNS: u32 = 4;
pub(super) const FAULTS: u32 = 5;
pub(super) const STEPS: u32 = 6;
pub(super) const SPAWNS_AND_LEAVES: u32 = 7;

impl TaskHandler for Toy<'_> {
    fn op_count(&self) -> u32 {
        8
    }

    fn run<C: TaskContext>(&self, _: &Solo, task: &TaskSlot, context: &mut C) -> TaskStep {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let (pc, param) = (task.continuation_pc(), task.param());
        match task.op_handle() {
            YIELDS if pc < param => TaskStep::Yield { pc: pc + 1, data: pc },
            REQUEUES if pc < param => {
                TaskStep::Requeue { pc: pc + 1, data: 0, priority: TaskPriority::Low }
            }
            PAUSES if pc == 0 => TaskStep::Pause { pc: 1, data: 0, epoch: param },
            SPAWNS if pc == 0 => {
                let child = NewTask::new(if param == 2 { FAULTS } else { DONE });
                assert_eq!(context.spawn(child), Ok(()));
                assert_eq!(context.spawn(child), Ok(()));
                assert!(matches!(context.spawn(child), Err(SpawnTaskError::NoSlot(_))));
                TaskStep::Join { pc: 1, data: 0 }
            }
            SPAWNS => TaskStep::Fault { code: u32::from(context.has_failed_child()) },
            SPAWNS_AND_LEAVES => {
                assert_eq!(context.spawn(NewTask::new(DONE)), Ok(()));
                TaskStep::Fault { code: 77 }
            }
            FAULTS => TaskStep::Fault { code: param },
            // A step of 10 ns between two safe points.
            STEPS => {
                for pc in pc..param {
                    self.clock.advance(10);
                    if context.must_yield() {
                        return TaskStep::Yield { pc: pc + 1, data: 0 };
                    }
                }
                TaskStep::Done
            }
            _ => TaskStep::Done,
        }
    }
}

/// One megakernel on one thread.
pub(super) struct Bench<'c> {
    pub(super) cells: &'c Cells,
    pub(super) toy: Toy<'c>,
    pub(super) submitter: SubmitterState,
    pub(super) completions: CompletionsState,
}

pub(super) const FOREVER: TaskSlice = slice(Duration::MAX);

pub(super) const fn slice(wall_time: Duration) -> TaskSlice {
    TaskSlice { worker_count: 2, wall_time, passed_over_max: 64 }
}

impl<'c> Bench<'c> {
    pub(super) fn new(cells: &'c Cells, clock: &'c HandClock) -> Self {
        prepare(cells);
        Self {
            cells,
            toy: Toy { clock, runs: AtomicU64::new(0) },
            submitter: SubmitterState::new(8),
            completions: CompletionsState::new(),
        }
    }

    pub(super) fn worker(
        &self,
        number: u32,
        slice: TaskSlice,
    ) -> Worker<&'c Cells, &Toy<'c>, &'c HandClock> {
        Worker::new(self.cells, &self.toy, self.toy.clock, number, slice)
    }

    pub(super) fn submit(&mut self, task: NewTask) -> TaskHandle {
        self.submitter.try_submit(self.cells, task).expect("it is accepted")
    }

    /// Steps two workers in turns until neither has anything to do.
    pub(super) fn run_until_idle(&self) {
        let mut workers = [self.worker(0, FOREVER), self.worker(1, FOREVER)];
        let mut idle = 0;
        while idle < 2 {
            for worker in &mut workers {
                idle = if worker.step() == WorkerStep::Worked { 0 } else { idle + 1 };
            }
        }
    }

    pub(super) fn ends(&mut self) -> Vec<TaskEnd> {
        core::iter::from_fn(|| self.completions.try_next(self.cells).ok()).collect()
    }

    /// Returns the outcome and the code of the one task that has ended.
    pub(super) fn only_end(&mut self) -> (TaskOutcome, u32) {
        let ends = self.ends();
        assert_eq!(ends.len(), 1, "{ends:?}");
        (ends[0].outcome, ends[0].code)
    }

    pub(super) fn report(&self) -> MegakernelReport {
        let report = MegakernelReport::of(self.cells);
        assert!(report.is_accounted(), "{report:?}");
        report
    }
}

pub(super) fn normal(op: u32) -> NewTask {
    NewTask::new(op)
}
