//! A model whose inputs are tasks of a megakernel, on threads or on blocks of a GPU, and the side
//! that submits them.

mod claims;
mod desk;
mod gpu;
mod last_claims;

use core::num::NonZeroU32;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{
    HostMemory, MegakernelReport, NewTask, RunningWorkers, SubmitError, TaskEnd, TaskHandle,
    TaskHandler, TaskOutcome, TaskPriority,
};
use isokern_core::ring::PopError;
use isokern_cpu::tasks::{ModelFault, ModelTable, ModelTablePlan};
use isokern_cpu::{ArtifactBackend, InstructionSet};
use isokern_guard::SystemClock;
use isokern_ring::{
    Completions, Controls, MegakernelStartError, Submitter, ThreadTasks, ThreadWorkers,
    ThreadWorkersError, ThreadsRunning, megakernel,
};

use crate::error::Error;
use crate::model::Model;
pub use claims::{Claim, Claims, Traced};
pub use desk::{Desk, DeviceDesk, TableDesk};
pub use gpu::GpuTaskedModel;

/// Tasks under way at most, each with a place.
pub const IN_FLIGHT: usize = 8;
/// The one model of the table, and its one stream where it has state.
const MODEL: u32 = 0;
const STREAM: u32 = 0;
/// How long workers run; a run of the program is over by then.
const LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// Looks at the completions before the submitting thread sleeps.
const LOOKS_BEFORE_SLEEP: u32 = 256;

/// A model whose inputs are tasks: each is written into a place, and its outputs are read there.
#[derive(Debug)]
pub struct Tasked<D, M: HostMemory, R: RunningWorkers> {
    name: String,
    desk: D,
    submitter: Submitter<M>,
    completions: Completions<M>,
    controls: Controls<M, R>,
    claims: Option<Claims>,
    has_state: bool,
    under_way: VecDeque<Asked>,
    asked_count: u32,
    answered_count: usize,
}

/// One whose workers are threads.
pub type TaskedModel = Tasked<TableDesk, Arc<ThreadTasks>, ThreadsRunning<Handler, SystemClock>>;

/// The handler of threads: the table, which notes its claims where somebody wants to know.
type Handler = Traced<Arc<ModelTable>>;

/// A task without an answer yet.
#[derive(Debug)]
struct Asked {
    handle: TaskHandle,
    place: u32,
    asked: Instant,
    limit: Option<Duration>,
}

/// How a [`TaskedModel`] is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskedPlan {
    /// Tasks under way at most; one for a model with state.
    pub in_flight: usize,
    /// Workers wanted; as many as the machine has threads, where nobody says.
    pub workers: Option<NonZeroU32>,
    /// Whether claims are noted: every one on threads; on a GPU the last one of each of the last
    /// 4096 tasks.
    pub is_traced: bool,
}

impl TaskedModel {
    /// Loads the model and starts the workers.
    ///
    /// # Errors
    ///
    /// [`Error::Load`], [`Error::Table`], [`Error::Workers`].
    pub fn start(
        model: &Model,
        instructions: InstructionSet,
        plan: TaskedPlan,
    ) -> Result<Self, Error> {
        let (named, artifact) = (|| model.name().to_owned(), model.artifact());
        let backend = ArtifactBackend::new().with_instruction_set(instructions);
        let program = backend.load_program(artifact);
        let program = program.map_err(|source| Error::Load { name: named(), source })?;
        let has_state = program.model().state_bytes() > 0;
        // The steps of a stream run one after the other.
        let (in_flight, streams) =
            if has_state { (1, &[MODEL][..]) } else { (plan.in_flight, &[][..]) };
        let table_plan = ModelTablePlan { in_flight, streams, memory_limit: None };
        let table = ModelTable::new(vec![program], table_plan);
        let table = Arc::new(table.map_err(|source| Error::Table { name: named(), source })?);
        let claims = plan.is_traced.then(Claims::default);
        let handler = Traced { handler: Arc::clone(&table), claims: claims.clone() };
        let started = start_workers(handler, in_flight, plan.workers);
        let (submitter, completions, controls) =
            started.map_err(|source| Error::Workers { name: named(), source })?;
        Ok(Self {
            name: named(),
            desk: TableDesk(table),
            submitter,
            completions,
            controls,
            claims,
            has_state,
            under_way: VecDeque::with_capacity(in_flight),
            asked_count: 0,
            answered_count: 0,
        })
    }

    /// Returns how many workers run.
    pub fn worker_count(&mut self) -> usize {
        self.controls.running_mut().thread_count()
    }

    /// Appends the state that the last sample has left; nothing for a model without.
    pub(crate) fn append_state(&self, target: &mut Vec<u8>) -> Result<(), Error> {
        if !self.has_state {
            return Ok(());
        }
        let done = self.desk.0.tasks().state(STREAM, |state| target.extend_from_slice(state));
        done.map_err(|source| Error::Ask { name: self.name.clone(), source })
    }
}

impl<D: Desk, M: HostMemory, R: RunningWorkers> Tasked<D, M, R> {
    /// Writes a sample into a free place and submits its task; `false` when no place is free.
    ///
    /// With a limit, a task whose outputs are collected later than that has none.
    ///
    /// # Errors
    ///
    /// [`Error::Ask`], [`Error::Task`].
    ///
    /// # Panics
    ///
    /// Where the sample is shorter than the inputs.
    pub fn try_ask(
        &mut self,
        sample: &[u8],
        priority: TaskPriority,
        limit: Option<Duration>,
    ) -> Result<bool, Error> {
        let Some(place) = self.desk.free_place() else { return Ok(false) };
        let stream = self.has_state.then_some(STREAM);
        let request = self.desk.ask(place, stream, sample);
        let request = request.map_err(|source| Error::Ask { name: self.name.clone(), source })?;
        let task = NewTask::from(request).with_priority(priority).with_task_id(self.asked_count);
        let asked = Instant::now();
        let handle = loop {
            match self.submitter.try_submit(task) {
                Ok(handle) => break handle,
                // There is a slot for each place: one is on its way back from a worker.
                Err(SubmitError::Full(_)) => std::thread::yield_now(),
                Err(error) => return Err(self.broken(&error.to_string())),
            }
        };
        self.under_way.push_back(Asked { handle, place, asked, limit });
        self.asked_count += 1;
        Ok(true)
    }

    /// Waits for the end of the oldest task, lets `read` see each output, in order, where it is,
    /// and returns the time from submission to collected outputs; `None` when nothing was asked.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], [`Error::Task`].
    pub fn answer(&mut self, mut read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        let Some(Asked { handle, place, asked, limit }) = self.under_way.pop_front() else {
            return Ok(None);
        };
        let end = self.collect(handle, asked, limit)?;
        let elapsed = asked.elapsed();
        let is_late = limit.is_some_and(|limit| elapsed > limit);
        if is_late || end.outcome != TaskOutcome::Done {
            // The place of a task that was stopped for good.
            self.desk
                .release(place)
                .map_err(|source| Error::Ask { name: self.name.clone(), source })?;
        }
        match end.outcome {
            TaskOutcome::Cancelled => return Err(self.timeout(limit)),
            TaskOutcome::Done if is_late => return Err(self.timeout(limit)),
            TaskOutcome::Done => {}
            TaskOutcome::Faulted => {
                let fault = ModelFault::of_code(end.code);
                let what =
                    fault.map_or_else(|| format!("code {}", end.code), |fault| fault.to_string());
                return Err(self.broken(&what));
            }
        }
        let named = || self.name.clone();
        self.desk
            .answer(place, &mut read)
            .map_err(|source| Error::Ask { name: named(), source })?
            .map_err(|source| Error::Infer { name: named(), source })?;
        self.answered_count += 1;
        Ok(Some(elapsed))
    }

    /// Stops the workers and returns what they did, and the claims where these were noted.
    ///
    /// # Errors
    ///
    /// [`Error::NotAccounted`].
    pub fn finish(self) -> Result<(MegakernelReport, Vec<Claim>), Error> {
        let Self { name, submitter, controls, claims, .. } = self;
        drop(submitter);
        let report = controls.finish();
        if !report.is_accounted() {
            return Err(Error::NotAccounted { name });
        }
        Ok((report, claims.map(|claims| claims.take()).unwrap_or_default()))
    }

    /// Makes the next sample begin on the initial state.
    pub(crate) fn reset(&mut self) -> Result<(), Error> {
        if !self.has_state {
            return Ok(());
        }
        let done = self.desk.reset(STREAM);
        done.map_err(|source| Error::Ask { name: self.name.clone(), source })
    }

    /// Waits for the ends of tasks without an answer, and makes their places free.
    pub(crate) fn drop_questions(&mut self) -> Result<(), Error> {
        while let Some(Asked { handle, place, asked, .. }) = self.under_way.pop_front() {
            self.collect(handle, asked, None)?;
            let done = self.desk.release(place);
            done.map_err(|source| Error::Ask { name: self.name.clone(), source })?;
        }
        Ok(())
    }

    /// Waits for the end of a task; cancels it when its time is over.
    fn collect(
        &mut self,
        handle: TaskHandle,
        asked: Instant,
        limit: Option<Duration>,
    ) -> Result<TaskEnd, Error> {
        let mut look_count = 0;
        let mut is_cancelled = false;
        loop {
            match self.completions.try_take(handle) {
                Ok(end) => return Ok(end),
                Err(PopError::Empty) => {}
                Err(error) => return Err(self.broken(&error.to_string())),
            }
            match limit {
                Some(limit) if !is_cancelled && asked.elapsed() > limit => {
                    // Full: at the next look.
                    is_cancelled = self.submitter.cancel(handle).is_ok();
                }
                Some(_) => std::thread::yield_now(),
                None if look_count < LOOKS_BEFORE_SLEEP => core::hint::spin_loop(),
                None if !D::WAKES => std::thread::yield_now(),
                None => {
                    let end = pollster::block_on(self.completions.wait(handle));
                    return end.map_err(|error| self.broken(&error.to_string()));
                }
            }
            look_count += 1;
        }
    }

    fn timeout(&self, limit: Option<Duration>) -> Error {
        let (name, input_index) = (self.name.clone(), self.answered_count);
        Error::Timeout { name, input_index, limit: limit.unwrap_or_default() }
    }

    fn broken(&self, what: &str) -> Error {
        let (name, input_index) = (self.name.clone(), self.answered_count);
        Error::Task { name, input_index, what: what.to_owned() }
    }
}

/// Starts workers of a handler, on so many threads at most.
///
/// # Errors
///
/// Where the host does not start them.
pub fn start_workers<H>(
    handler: H,
    queue_len: usize,
    workers: Option<NonZeroU32>,
) -> Result<Started<H>, StartError>
where
    H: TaskHandler + Send + Sync + 'static,
{
    // A slot more than tasks, so that a cancel has room.
    let queue_len = u32::try_from(queue_len).unwrap_or(u32::MAX).max(1);
    let mut host = ThreadWorkers::new("isokern-worker", SystemClock).with_queue_len(queue_len);
    let mut config = MegakernelConfig { max_wall_time: LIFE, ..MegakernelConfig::new() };
    if let Some(count) = workers {
        host = host.with_thread_max(count.get());
        config.worker_count = count.get();
    }
    Ok(megakernel(&host, handler, config)?.split())
}

/// The ends of workers on threads.
pub type Started<H> = (
    Submitter<Arc<ThreadTasks>>,
    Completions<Arc<ThreadTasks>>,
    Controls<Arc<ThreadTasks>, ThreadsRunning<H, SystemClock>>,
);
/// Why no workers were started.
pub type StartError = MegakernelStartError<ThreadWorkersError>;
