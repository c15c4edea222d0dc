//! A model whose inputs are tasks of a megakernel on a GPU.

use core::time::Duration;
use std::collections::VecDeque;

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{MegakernelReport, TaskPriority};
use isokern_cuda::{
    Context, CudaHost, CudaModelTasks, CudaWorkers, Device, MappedTasks, ResidentError,
    ResidentPlan,
};
use isokern_guard::SystemClock;
use isokern_ring::{MegakernelStartError, megakernel};

use super::claims::Claim;
use super::desk::DeviceDesk;
use super::last_claims::last_claims;
use super::{IN_FLIGHT, LIFE, MODEL, Tasked, TaskedPlan};
use crate::error::Error;
use crate::model::Model;

/// How long the kernel runs on when this process is gone or hangs.
const LEASE: Duration = Duration::from_secs(10);

/// Slots where claims are noted: as many tasks are in the trace, the last ones.
const TRACED_SLOTS: u32 = 4096;

/// A model whose inputs are tasks of a megakernel on a GPU: one launch, and then blocks that take
/// tasks, operator by operator, without the host.
///
/// A process has one of them a device, as of
/// [`GpuResidentModel`](crate::resident::GpuResidentModel).
#[derive(Debug)]
pub struct GpuTaskedModel {
    // First, so that the workers are told to stop before their kernel is ended.
    tasked: Tasked<DeviceDesk, MappedTasks, CudaWorkers>,
    place: String,
    name: String,
    is_traced: bool,
    host: CudaHost<SystemClock>,
}

/// A kernel that waits for tasks of a model.
struct Started {
    workers: u32,
    place: String,
    host: CudaHost<SystemClock>,
    tasks: CudaModelTasks,
}

impl Started {
    /// Starts the kernel on a device, with so many workers, tasks under way and slots.
    fn on(
        model: &Model,
        ordinal: u32,
        (workers, in_flight, slots): (u32, u32, u32),
        streams: &[u32],
    ) -> Result<Self, ResidentError> {
        let device = Device::new(ordinal)?;
        let place = match workers {
            1 => format!("{}, 1 block as worker", device.name()?),
            count => format!("{}, {count} blocks as workers", device.name()?),
        };
        let context = Context::primary(device)?;
        let plan = ResidentPlan::new(0)
            .with_workers(workers, slots)
            .with_lease(LEASE)
            .with_model_tasks(&[model.artifact()], in_flight, streams.len() as u32)?;
        let host = CudaHost::start(&context, SystemClock, plan)?;
        let tasks = host.model_tasks(&[host.load(model.artifact())?], in_flight, streams)?;
        Ok(Self { workers, place, host, tasks })
    }
}

impl GpuTaskedModel {
    /// Starts the kernel on a device, with a worker for each task under way where the plan says no
    /// number, or as many as the device runs at once.
    ///
    /// # Errors
    ///
    /// [`Error::Cuda`], [`Error::Resident`]; [`Error::Task`] for a number of workers that the
    /// policy refuses.
    pub fn start(model: &Model, ordinal: u32, plan: TaskedPlan) -> Result<Self, Error> {
        let name = model.name().to_owned();
        let of_host = |source| Error::of_host(&name, source);
        let has_state = model.state_bytes() > 0;
        let (in_flight, streams) =
            if has_state { (1, &[MODEL][..]) } else { (plan.in_flight, &[][..]) };
        let in_flight = in_flight.clamp(1, IN_FLIGHT) as u32;
        let asked = plan.workers.map_or(in_flight, |count| count.get());
        let slots = if plan.is_traced { TRACED_SLOTS } else { in_flight };
        let started = |workers| Started::on(model, ordinal, (workers, in_flight, slots), streams);
        let started =
            match started(asked) {
                // Nobody asked for so many: as many as the device runs at once.
                Err(ResidentError::CooperativeResidencyExceeded {
                    fits: workers @ 1.., ..
                }) if plan.workers.is_none() => started(workers),
                started => started,
            };
        let Started { workers, place, host, tasks } = started.map_err(of_host)?;
        let config = MegakernelConfig {
            max_wall_time: LIFE,
            worker_count: workers,
            ..MegakernelConfig::new()
        };
        let started = megakernel(&host, tasks.clone(), config);
        let (submitter, completions, controls) = started
            .map_err(|source| match source {
                MegakernelStartError::Host(source) => of_host(source),
                source => {
                    Error::Task { name: name.clone(), input_index: 0, what: source.to_string() }
                }
            })?
            .split();
        let outputs = model.view().outputs().map(|tensor| tensor.bytes()).collect();
        let tasked = Tasked {
            name: name.clone(),
            desk: DeviceDesk::new(tasks, outputs),
            submitter,
            completions,
            controls,
            claims: None,
            has_state,
            under_way: VecDeque::with_capacity(in_flight as usize),
            asked_count: 0,
            answered_count: 0,
        };
        Ok(Self { tasked, place, name, is_traced: plan.is_traced, host })
    }

    /// Returns the device by its name, and how many workers there are; a simulator says in it that
    /// it is one.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Submits as [`Tasked::try_ask`] does.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    pub fn try_ask(
        &mut self,
        sample: &[u8],
        priority: TaskPriority,
        limit: Option<Duration>,
    ) -> Result<bool, Error> {
        self.tasked.try_ask(sample, priority, limit)
    }

    /// Answers as [`Tasked::answer`] does.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        self.tasked.answer(read)
    }

    /// Stops the workers and the kernel, and returns what they did, and the last claims of the last
    /// tasks where these were noted.
    ///
    /// # Errors
    ///
    /// [`Error::NotAccounted`], [`Error::Resident`] where the kernel does not end.
    pub fn finish(self) -> Result<(MegakernelReport, Vec<Claim>), Error> {
        let Self { mut tasked, name, is_traced, host, .. } = self;
        let memory = is_traced.then(|| tasked.controls.running_mut().memory().clone());
        let (report, _) = tasked.finish()?;
        let claims = memory.as_ref().map(last_claims).unwrap_or_default();
        drop(memory);
        let ended = host.stop(LEASE);
        ended.map_err(|source| Error::Resident { name, source: Box::new(source) })?;
        Ok((report, claims))
    }

    /// Makes the next sample begin on the initial state, and gives up what has no answer.
    pub(crate) fn reset(&mut self) -> Result<(), Error> {
        self.tasked.drop_questions()?;
        self.tasked.reset()
    }
}
