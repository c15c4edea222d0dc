//! The host for main loops: one worker, no thread, no heap, memory of the caller.

use core::cell::Cell;

use isokern_core::call::Clock;
use isokern_core::megakernel::{
    MegakernelLaunchRecommendation, RunningWorkers, TaskBells, TaskCells, TaskHandler, TaskHost,
    TaskLimits, TaskMemory, TaskSlice, TaskStore, Worker, WorkerEnd, WorkerMemory, WorkerStep,
    prepare,
};

use crate::AlreadyLent;

/// Runs one worker in the caller's loop, in memory the caller lends.
///
/// What it starts is a [`LoopRunning`]: call its [`step`](LoopRunning::step) whenever there is
/// time. The submitter may be in an interrupt.
pub struct LoopWorkers<'a, C, S: TaskStore, B> {
    cells: &'a TaskCells<S, B>,
    clock: C,
    is_lent: Cell<bool>,
}

impl<'a, C, S: TaskStore, B> LoopWorkers<'a, C, S, B> {
    /// Returns a host for one megakernel, in memory that is all zero.
    #[must_use]
    pub const fn new(cells: &'a TaskCells<S, B>, clock: C) -> Self {
        Self { cells, clock, is_lent: Cell::new(false) }
    }
}

impl<C, S: TaskStore, B> core::fmt::Debug for LoopWorkers<'_, C, S, B> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LoopWorkers").field("is_lent", &self.is_lent).finish_non_exhaustive()
    }
}

impl<'a, H, C, S, B> TaskHost<H> for LoopWorkers<'a, C, S, B>
where
    H: TaskHandler,
    C: Clock + Clone,
    S: TaskStore,
    B: TaskBells,
{
    type Memory = &'a TaskCells<S, B>;
    type Running = LoopRunning<Self::Memory, H, C>;
    type Error = AlreadyLent;

    fn limits(&self) -> TaskLimits {
        TaskLimits {
            queue_len: self.cells.shape().host_slots,
            workgroup_size_x: 1,
            workgroups_per_dimension: 1,
            invocations_per_workgroup: 1,
        }
    }

    fn lend(&self, _: &H, _: &MegakernelLaunchRecommendation) -> Result<Self::Memory, AlreadyLent> {
        if self.is_lent.replace(true) {
            return Err(AlreadyLent);
        }
        prepare(self.cells);
        Ok(self.cells)
    }

    fn start(
        &self,
        handler: H,
        memory: Self::Memory,
        slice: TaskSlice,
    ) -> Result<Self::Running, AlreadyLent> {
        let worker = Worker::new(memory, handler, self.clock.clone(), 0, slice);
        Ok(LoopRunning { worker, over: None })
    }
}

/// The worker of a loop.
#[derive(Debug)]
pub struct LoopRunning<M: WorkerMemory, H, C> {
    worker: Worker<M, H, C>,
    over: Option<WorkerEnd>,
}

impl<M: WorkerMemory, H: TaskHandler, C: Clock> LoopRunning<M, H, C> {
    /// Takes in what was submitted and runs one task, if there is one.
    pub fn step(&mut self) -> WorkerStep {
        let step = self.worker.step();
        if let WorkerStep::Over(end) = step {
            self.over = Some(end);
        }
        step
    }

    /// Returns why the worker stopped, once it has.
    #[must_use]
    pub const fn end(&self) -> Option<WorkerEnd> {
        self.over
    }
}

impl<M: WorkerMemory, H: TaskHandler, C: Clock> RunningWorkers for LoopRunning<M, H, C> {
    type Error = AlreadyLent;

    fn is_over(&self) -> bool {
        self.over.is_some()
    }

    fn wait(&mut self) {
        while !self.is_over() {
            self.step();
        }
    }

    fn start_slice(&mut self, slice: TaskSlice) -> Result<(), AlreadyLent> {
        self.worker.begin(slice);
        self.over = None;
        Ok(())
    }
}
