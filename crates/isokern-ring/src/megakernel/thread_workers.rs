//! The host for threads: each worker is a named thread.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::string::String;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::vec::Vec;
use std::{format, io};

use isokern_core::call::Clock;
use isokern_core::megakernel::{
    MegakernelLaunchRecommendation, RunningWorkers, TaskBells, TaskCells, TaskHandler, TaskHost,
    TaskLimits, TaskMemory, TaskShape, TaskSlice, Worker, WorkerStep, close, prepare,
};
use isokern_core::ring::{HostCell, HostWord};
use thiserror::Error;

use super::boxed::BoxedTasks;
use super::thread_bells::ThreadTaskBells;
use crate::alarm::Alarm;

/// A megakernel's memory on threads.
pub type ThreadTasks = TaskCells<BoxedTasks, ThreadTaskBells>;

/// Runs workers on threads: as many as the policy's grid has groups, but no more than the
/// caller's limit, which by itself is what the machine can run at once.
///
/// A handler's panic is caught; it ends the task as faulted, and the worker goes on. Workers that
/// have nothing to do sleep, and a submission wakes one.
#[derive(Clone, Debug)]
pub struct ThreadWorkers<C> {
    name: String,
    clock: C,
    queue_len: u32,
    spawn_slots: u32,
    thread_max: u32,
}

impl<C> ThreadWorkers<C> {
    /// Tasks that may be under way at once, by itself.
    pub const QUEUE_LEN: u32 = 1024;

    /// Returns a host whose threads have this name and a number, for 1024 tasks at once.
    pub fn new(name: impl Into<String>, clock: C) -> Self {
        let parallelism = thread::available_parallelism().map_or(1, |count| count.get() as u32);
        let thread_max = parallelism;
        Self { name: name.into(), clock, queue_len: Self::QUEUE_LEN, spawn_slots: 0, thread_max }
    }

    /// Returns the host for so many tasks at once; the policy makes slots of them.
    #[must_use]
    pub fn with_queue_len(self, queue_len: u32) -> Self {
        Self { queue_len, ..self }
    }

    /// Returns the host with so many slots for tasks that tasks spawn.
    #[must_use]
    pub fn with_spawn_slots(self, spawn_slots: u32) -> Self {
        Self { spawn_slots, ..self }
    }

    /// Returns the host with another limit of threads, at least 1.
    #[must_use]
    pub fn with_thread_max(self, thread_max: u32) -> Self {
        Self { thread_max: thread_max.max(1), ..self }
    }
}

impl<H, C> TaskHost<H> for ThreadWorkers<C>
where
    H: TaskHandler + Send + Sync + 'static,
    C: Clock + Clone + 'static,
{
    type Memory = Arc<ThreadTasks>;
    type Running = ThreadsRunning<H, C>;
    type Error = ThreadWorkersError;

    fn limits(&self) -> TaskLimits {
        TaskLimits {
            queue_len: self.queue_len,
            workgroup_size_x: 1,
            workgroups_per_dimension: u32::MAX,
            invocations_per_workgroup: 1,
        }
    }

    fn lend(
        &self,
        _: &H,
        advice: &MegakernelLaunchRecommendation,
    ) -> Result<Self::Memory, ThreadWorkersError> {
        let (slots, spawn_slots) = (advice.geometry.slot_count, self.spawn_slots);
        let shape = TaskShape::try_new(slots, spawn_slots, self.thread_max)
            .ok_or(ThreadWorkersError::TooManySlots { slots, spawn_slots })?;
        let bells = ThreadTaskBells::new(shape.worker_count);
        let cells = TaskCells::from_words(shape, bells, HostCell::default, HostWord::default);
        prepare(&cells);
        Ok(Arc::new(cells))
    }

    fn start(
        &self,
        handler: H,
        memory: Self::Memory,
        slice: TaskSlice,
    ) -> Result<Self::Running, ThreadWorkersError> {
        let (name, clock, handler) = (self.name.clone(), self.clock.clone(), Arc::new(handler));
        let threads = Vec::with_capacity(self.thread_max as usize);
        let mut running = ThreadsRunning { name, clock, handler, memory, threads };
        running.start_slice(slice)?;
        Ok(running)
    }
}

/// The workers' threads.
///
/// Dropped without an end, it closes: workers run what was accepted, and stop.
#[derive(Debug)]
pub struct ThreadsRunning<H, C> {
    name: String,
    clock: C,
    handler: Arc<H>,
    memory: Arc<ThreadTasks>,
    threads: Vec<JoinHandle<()>>,
}

impl<H, C> ThreadsRunning<H, C> {
    /// Returns how many workers the slice was started with, until it was waited for.
    #[must_use]
    pub fn thread_count(&self) -> usize {
        self.threads.len()
    }

    /// Returns the memory, of which sidecars tell when tasks were taken in and claimed.
    #[must_use]
    pub fn memory(&self) -> &ThreadTasks {
        &self.memory
    }
}

impl<H, C> Drop for ThreadsRunning<H, C> {
    fn drop(&mut self) {
        close(&self.memory);
    }
}

impl<H, C> RunningWorkers for ThreadsRunning<H, C>
where
    H: TaskHandler + Send + Sync + 'static,
    C: Clock + Clone + 'static,
{
    type Error = ThreadWorkersError;

    fn is_over(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    fn wait(&mut self) {
        for thread in self.threads.drain(..) {
            // Panics of handlers are caught; one of our own leaves its task Running, which the
            // report shows.
            let _ = thread.join();
        }
    }

    fn start_slice(&mut self, slice: TaskSlice) -> Result<(), ThreadWorkersError> {
        self.wait();
        let worker_count = slice.worker_count.clamp(1, self.memory.shape().worker_count);
        for number in 0..worker_count {
            let (memory, handler) = (Arc::clone(&self.memory), Arc::clone(&self.handler));
            let worker = Worker::new(memory, handler, self.clock.clone(), number, slice);
            let thread = thread::Builder::new().name(format!("{}-{number}", self.name));
            let thread = thread.spawn(move || work(worker, number)).map_err(Arc::new)?;
            self.threads.push(thread);
        }
        Ok(())
    }
}

/// Looks in vain before a worker lets other threads run, and before it sleeps.
const LOOKS_BEFORE_YIELD: u32 = 64;
const LOOKS_BEFORE_SLEEP: u32 = 128;
/// The longest sleep before the next look, at the end of a slice among others.
const PARK_BOUND: Duration = Duration::from_millis(10);

/// Runs the thread of a worker, from its first step to its last.
fn work<H: TaskHandler, C: Clock>(mut worker: Worker<Arc<ThreadTasks>, Arc<H>, C>, number: u32) {
    let alarm = Alarm::new();
    let mut look_count = 0_u32;
    loop {
        // What a panic leaves is a task in hand, which `recover` ends.
        match catch_unwind(AssertUnwindSafe(|| worker.step())) {
            Ok(WorkerStep::Worked) => look_count = 0,
            Ok(WorkerStep::Idle) => {
                look_count += 1;
                if look_count < LOOKS_BEFORE_YIELD {
                    core::hint::spin_loop();
                } else if look_count < LOOKS_BEFORE_SLEEP {
                    thread::yield_now();
                } else if look_count == LOOKS_BEFORE_SLEEP {
                    // One more look comes before the sleep: who puts something in after it, rings.
                    alarm.take();
                    worker.memory().bells().register_worker(number, alarm.waker());
                } else {
                    alarm.sleep(PARK_BOUND);
                    look_count = LOOKS_BEFORE_SLEEP - 1;
                }
            }
            Ok(WorkerStep::Over(_)) => {
                // The others have nothing to wait for either.
                worker.memory().bells().ring_workers();
                return;
            }
            Err(_) => worker.recover(),
        }
    }
}

/// Workers were not started.
#[non_exhaustive]
#[derive(Clone, Debug, Error)]
pub enum ThreadWorkersError {
    /// The slots are none, or too many for the protocol.
    #[error(
        "{slots} slots and {spawn_slots} for spawned tasks: a megakernel has 1 to 2^28. \
         Fix: set another queue length."
    )]
    TooManySlots {
        /// Slots that the policy recommended.
        slots: u32,
        /// Slots for spawned tasks.
        spawn_slots: u32,
    },
    /// The system gave no thread.
    #[error("a worker's thread could not be started: {0}. Fix: lower the limit of threads.")]
    Thread(#[from] Arc<io::Error>),
}
