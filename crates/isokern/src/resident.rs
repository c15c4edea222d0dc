//! A model as a ring actor, on a thread of its own or on a block of a GPU, and who asks it.

mod asker;
mod gpu;
mod place;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::sync::Arc;

use isokern_core::actor::{
    ActorError, ActorPlan, ActorState, Mailboxes, ModelReply, ModelResident, Resident,
};
use isokern_core::call::SingleOwner;
use isokern_core::ring::BufferHandle;
use isokern_core::{KernelMetadata, KernelMode};
use isokern_cpu::{ArtifactBackend, InstructionSet, ModelActor};
use isokern_guard::SystemClock;
use isokern_ring::{
    HeapBuffers, ThreadHost, ThreadMemory, ThreadRunning, WaitStrategy, heap_pool, spawn,
};

use crate::error::Error;
use crate::model::Model;
use asker::Asker;
use place::{ByteModel, Place};

pub use gpu::GpuResidentModel;

/// Slots of the ring: how many inputs can be under way.
pub const SLOTS: usize = 8;
/// How both sides wait where nobody measures: asleep, when there is nothing for a while.
pub const PARKED: WaitStrategy = WaitStrategy::Park { bound: Duration::from_millis(1) };
/// The number of the one pool of this program.
const POOL: u32 = 1;
const METADATA: KernelMetadata = KernelMetadata::new("isokern", KernelMode::Ring);

/// A model with state: its arena stays with the state, and samples are copied to it.
type Stream = ModelResident<ByteModel, SingleOwner<ByteModel>, u8, u8>;

/// A resident model on a thread: samples go into lent buffers, outputs are read from them.
#[derive(Debug)]
pub struct ResidentModel {
    asker: Asker<Arc<ThreadMemory<Mailboxes<SLOTS>>>, Arc<HeapBuffers>>,
    running: ThreadRunning,
}

impl ResidentModel {
    /// Starts the actor with so many buffers, [`SLOTS`] at most. Both sides wait like this.
    ///
    /// # Errors
    ///
    /// [`Error::Load`], [`Error::Buffers`], [`Error::Spawn`].
    pub fn start(
        model: &Model,
        instructions: InstructionSet,
        buffer_count: usize,
        wait: WaitStrategy,
    ) -> Result<Self, Error> {
        let (named, artifact) = (|| model.name().to_owned(), model.artifact());
        let backend = ArtifactBackend::new().with_instruction_set(instructions);
        let loaded = |source| Error::Load { name: named(), source };
        let program = backend.load_program(artifact).map_err(loaded)?;
        let count = buffer_count.min(SLOTS);
        if program.model().state_bytes() == 0 {
            let resident = ModelActor::new(METADATA, program.clone());
            return Self::spawn(named(), resident, Place::Arena(program), count, wait);
        }
        let model = SingleOwner::new(ByteModel(backend.load(artifact).map_err(loaded)?));
        let resident = Stream::try_new(METADATA, model).map_err(|source| Error::Kernel {
            name: named(),
            input_index: 0,
            source,
        })?;
        let place = Place::Ends {
            input_bytes: resident.input_bytes(),
            buffer_bytes: resident.buffer_bytes(),
            reply: resident.reply(),
        };
        Self::spawn(named(), resident, place, count, wait)
    }

    /// Starts the thread.
    fn spawn<R>(
        name: String,
        resident: R,
        place: Place,
        buffer_count: usize,
        wait: WaitStrategy,
    ) -> Result<Self, Error>
    where
        R: Resident<Message = BufferHandle, Reply = ModelReply> + 'static,
        R::Handler: Send,
    {
        let named = || name.clone();
        let (lender, borrower) = heap_pool(place.buffer_bytes(), buffer_count, POOL)
            .map_err(|source| Error::Buffers { name: named(), source })?;
        let host =
            ThreadHost::<_, Mailboxes<SLOTS>>::new("isokern-model", SystemClock).with_wait(wait);
        let plan = ActorPlan::new().with_buffers(borrower);
        let mut actor = spawn(&host, resident, plan)
            .map_err(|source| Error::Spawn { name: named(), source: Box::new(source) })?;
        let Some(questions) = actor.take_requester(0) else {
            unreachable!("an actor on threads has a mailbox")
        };
        let running = actor.into_running();
        Ok(Self { asker: Asker::new(name, place, questions, lender, wait), running })
    }

    /// Writes a sample into a lent buffer and asks; `false` when no buffer is free.
    ///
    /// With a limit, an answer that is collected later than that is none.
    ///
    /// # Errors
    ///
    /// [`Error::Actor`] where the actor has failed.
    ///
    /// # Panics
    ///
    /// Where the sample is shorter than the inputs.
    pub fn try_ask(&mut self, sample: &[u8], limit: Option<Duration>) -> Result<bool, Error> {
        self.asker.try_ask(sample, limit)
    }

    /// Waits for the answer to the oldest question, lets `read` see each output, in order, where
    /// it is, and returns the time from question to collected answer; `None` when nothing was
    /// asked.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], [`Error::Actor`].
    pub fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        self.asker.answer(read)
    }

    /// Lets the actor answer what is left and waits for the end of its thread.
    ///
    /// # Errors
    ///
    /// [`Error::Actor`] where it has failed.
    pub fn finish(self) -> Result<(), Error> {
        let Self { asker, running } = self;
        let failed = asker.broken(ActorError::ActorFaulted);
        drop(asker); // An actor without mailboxes drains and stops.
        if running.join() == ActorState::Stopped { Ok(()) } else { Err(failed) }
    }
}
