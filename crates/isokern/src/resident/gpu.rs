//! A model that stays on a GPU, in a block of a resident kernel.

use core::time::Duration;

use isokern_core::actor::{ActorError, ActorPlan, ActorState};
use isokern_core::device::ModelShape;
use isokern_cuda::{
    Context, CudaHost, CudaModelActor, CudaRunning, Device, LoadedModel, MappedActor, MappedRegion,
    ResidentError, ResidentPlan,
};
use isokern_guard::SystemClock;
use isokern_ring::{RegionBuffers, SpawnError, WaitStrategy, region_lender, spawn};

use super::asker::Asker;
use super::place::Place;
use super::{POOL, SLOTS};
use crate::error::Error;
use crate::model::Model;

/// How long the kernel runs on when this process is gone or hangs.
const LEASE: Duration = Duration::from_secs(10);

/// A resident model on a GPU: one launch, then questions and answers through memory that both sides
/// see.
///
/// A process has one of them a device: while its kernel runs, the driver may let whoever loads code
/// or allocates there wait.
#[derive(Debug)]
pub struct GpuResidentModel {
    // First, so that the actor is over before its kernel is ended.
    actor: Option<GpuActor>,
    model: LoadedModel,
    buffer_count: usize,
    wait: WaitStrategy,
    name: String,
    place: String,
    host: CudaHost<SystemClock>,
}

#[derive(Debug)]
struct GpuActor {
    asker: Asker<MappedActor<ModelShape>, RegionBuffers<MappedRegion>>,
    running: CudaRunning,
}

impl GpuResidentModel {
    /// Starts the kernel on a device, with the model in one block and so many buffers, [`SLOTS`] at
    /// most. The asking side waits like this; a parked one looks all the time, as a device wakes
    /// nobody.
    ///
    /// # Errors
    ///
    /// The host's own.
    pub fn start(
        model: &Model,
        ordinal: u32,
        buffer_count: usize,
        wait: WaitStrategy,
    ) -> Result<Self, ResidentError> {
        let buffer_count = buffer_count.clamp(1, SLOTS);
        let device = Device::new(ordinal)?;
        let place = format!("{}, a block that stays", device.name()?);
        let context = Context::primary(device)?;
        let plan = ResidentPlan::new(1).with_lease(LEASE);
        let plan = plan.with_model(model.artifact(), buffer_count as u32)?;
        let host = CudaHost::start(&context, SystemClock, plan)?;
        let loaded = host.load(model.artifact())?;
        let name = model.name().to_owned();
        let mut resident =
            Self { actor: None, model: loaded, buffer_count, wait, name, place, host };
        resident.actor = Some(resident.spawn()?);
        Ok(resident)
    }

    /// Spawns the actor, with a pool of its own.
    fn spawn(&self) -> Result<GpuActor, ResidentError> {
        let resident = CudaModelActor::new(self.model);
        let (region, buffers) =
            self.host.pool(resident.buffer_bytes(), self.buffer_count as u32, POOL)?;
        let plan = ActorPlan::new().with_buffers(buffers);
        let mut actor = spawn(&self.host, resident, plan).map_err(|error| match error {
            SpawnError::Host(error) => error,
            _ => unreachable!("a model's actor has nothing else to be refused for"),
        })?;
        let place = Place::Ends {
            input_bytes: resident.input_bytes() as usize,
            buffer_bytes: resident.buffer_bytes() as usize,
            reply: resident.reply(),
        };
        let Some(questions) = actor.take_requester(0) else {
            unreachable!("an actor of a device has a mailbox")
        };
        let lender = region_lender(region);
        let asker = Asker::new(self.name.clone(), place, questions, lender, self.wait);
        Ok(GpuActor { asker, running: actor.into_running() })
    }

    /// Returns the device by its name; a simulator says in it that it is one.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Asks as [`ResidentModel::try_ask`](super::ResidentModel::try_ask) does.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    pub fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, Error> {
        self.actor()?.asker.try_ask(sample, limit)
    }

    /// Answers as [`ResidentModel::answer`](super::ResidentModel::answer) does.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        self.actor()?.asker.answer(read)
    }

    /// Ends the actor and spawns it again on its block, without a driver call: the next sample
    /// begins a new stream.
    ///
    /// # Errors
    ///
    /// [`Error::Resident`].
    pub fn restart(&mut self) -> Result<(), Error> {
        if let Some(GpuActor { asker, running }) = self.actor.take() {
            drop(asker);
            let _ = running.join();
        }
        let spawned = self.spawn();
        let named = |source| Error::Resident { name: self.name.clone(), source: Box::new(source) };
        self.actor = Some(spawned.map_err(named)?);
        Ok(())
    }

    /// Lets the actor answer what is left, ends the kernel and waits for it.
    ///
    /// # Errors
    ///
    /// [`Error::Actor`] where the actor has failed, [`Error::Resident`] where the kernel does not
    /// end.
    pub fn finish(mut self) -> Result<(), Error> {
        if let Some(GpuActor { asker, running }) = self.actor.take() {
            let failed = asker.broken(ActorError::ActorFaulted);
            drop(asker);
            if running.join() != ActorState::Stopped {
                return Err(failed);
            }
        }
        let ended = self.host.stop(LEASE);
        ended.map_err(|source| Error::Resident { name: self.name, source: Box::new(source) })
    }

    fn actor(&mut self) -> Result<&mut GpuActor, Error> {
        let ended =
            || Error::Resident { name: self.name.clone(), source: Box::new(ResidentError::Ended) };
        self.actor.as_mut().ok_or_else(ended)
    }
}
