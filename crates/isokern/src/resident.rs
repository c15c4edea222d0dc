//! A model as a ring actor on a thread of its own, and the side that asks it.

mod place;
#[cfg(test)]
mod tests;

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use isokern_core::actor::{
    ActorError, ActorPlan, ActorState, Mailboxes, ModelReply, ModelResident, Resident,
};
use isokern_core::call::{Clock, SingleOwner};
use isokern_core::kernel::whole_ns;
use isokern_core::ring::BufferHandle;
use isokern_core::{KernelMetadata, KernelMode, MessageHeader};
use isokern_cpu::{ArtifactBackend, InstructionSet, ModelActor};
use isokern_guard::SystemClock;
use isokern_ring::{
    Answer, Borrower, HeapBuffers, Lender, PoolError, RequesterOn, ThreadHost, ThreadRunning,
    WaitStrategy, heap_pool, spawn,
};

use crate::error::Error;
use crate::model::Model;
use place::{ByteModel, Place};

/// Slots of the ring: how many inputs can be under way.
pub const SLOTS: usize = 8;
/// How both sides wait where nobody measures: asleep, when there is nothing for a while.
pub const PARKED: WaitStrategy = WaitStrategy::Park { bound: Duration::from_millis(1) };
/// Looks at the ring before the asking thread sleeps.
const LOOKS_BEFORE_SLEEP: u32 = 256;
/// The number of the one pool of this program.
const POOL: u32 = 1;
const METADATA: KernelMetadata = KernelMetadata::new("isokern", KernelMode::Ring);

/// A model with state: its arena stays with the state, and samples are copied to it.
type Stream = ModelResident<ByteModel, SingleOwner<ByteModel>, u8, u8>;

/// A resident model: samples go into lent buffers, outputs are read from them.
#[derive(Debug)]
pub struct ResidentModel {
    name: String,
    place: Place,
    questions: RequesterOn<
        ThreadHost<SystemClock, Mailboxes<SLOTS>>,
        ModelActor,
        Borrower<Arc<HeapBuffers>>,
    >,
    lender: Lender<Arc<HeapBuffers>>,
    wait: WaitStrategy,
    under_way: VecDeque<Question>,
    answered_count: usize,
    running: ThreadRunning,
}

/// A question without an answer yet.
#[derive(Debug)]
struct Question {
    sequence: u32,
    handle: BufferHandle,
    asked: Instant,
    limit: Option<Duration>,
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
        let (under_way, answered_count) = (VecDeque::new(), 0);
        Ok(Self { name, place, questions, lender, wait, under_way, answered_count, running })
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
        let mut buffer = match self.lender.try_claim() {
            Ok(buffer) => buffer,
            Err(PoolError::Exhausted { .. }) => return Ok(false),
            Err(source) => return Err(Error::Buffers { name: self.name.clone(), source }),
        };
        self.place
            .write_inputs(&mut buffer, sample)
            .map_err(|source| Error::Infer { name: self.name.clone(), source })?;
        let handle = buffer
            .lend(self.place.buffer_bytes())
            .map_err(|source| Error::Buffers { name: self.name.clone(), source })?;
        let asked = Instant::now();
        let sequence = self.questions.try_ask(header(limit), handle).map_err(|_| {
            // There is a slot for each buffer, so the ring is closed, not full.
            self.broken(ActorError::ActorFaulted)
        })?;
        self.under_way.push_back(Question { sequence, handle, asked, limit });
        Ok(true)
    }

    /// Waits for the answer to the oldest question, lets `read` see each output, in order, where
    /// it is, and returns the time from question to collected answer; `None` when nothing was
    /// asked.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], [`Error::Actor`].
    pub fn answer(&mut self, read: impl FnMut(&[u8])) -> Result<Option<Duration>, Error> {
        let Some(question) = self.under_way.pop_front() else {
            return Ok(None);
        };
        let Question { sequence, handle, asked, limit } = question;
        let answer = self.collect(sequence);
        let elapsed = asked.elapsed();
        let is_late = limit.is_some_and(|limit| elapsed > limit);
        match answer.result {
            Ok(_) if is_late => return Err(self.timeout(limit)),
            Ok(_) => {}
            Err(ActorError::Expired | ActorError::TimedOut) => return Err(self.timeout(limit)),
            Err(error) => return Err(self.broken(error)),
        }
        let buffers = |source| Error::Buffers { name: self.name.clone(), source };
        let bytes = self.lender.bytes(handle).map_err(buffers)?;
        self.place
            .read_outputs(bytes, read)
            .map_err(|source| Error::Infer { name: self.name.clone(), source })?;
        self.lender.release(handle).map_err(buffers)?;
        self.answered_count += 1;
        Ok(Some(elapsed))
    }

    /// Lets the actor answer what is left and waits for the end of its thread.
    ///
    /// # Errors
    ///
    /// [`Error::Actor`] where it has failed.
    pub fn finish(self) -> Result<(), Error> {
        let Self { name, questions, answered_count, running, .. } = self;
        drop(questions); // An actor without mailboxes drains and stops.
        if running.join() == ActorState::Stopped {
            return Ok(());
        }
        let source = ActorError::ActorFaulted;
        Err(Error::Actor { name, input_index: answered_count, source })
    }

    fn collect(&mut self, sequence: u32) -> Answer<ModelReply> {
        let mut look_count = 0;
        loop {
            if let Some(answer) = self.questions.try_answer_to(sequence) {
                return answer;
            }
            match self.wait {
                WaitStrategy::Park { .. } if look_count == LOOKS_BEFORE_SLEEP => {
                    return pollster::block_on(poll_fn(|task| {
                        self.questions.register(sequence, task.waker());
                        let answer = self.questions.try_answer_to(sequence);
                        answer.map_or(Poll::Pending, Poll::Ready)
                    }));
                }
                WaitStrategy::Yield => std::thread::yield_now(),
                WaitStrategy::Spin | WaitStrategy::Park { .. } | _ => core::hint::spin_loop(),
            }
            look_count += 1;
        }
    }

    fn timeout(&self, limit: Option<Duration>) -> Error {
        let (name, input_index) = (self.name.clone(), self.answered_count);
        Error::Timeout { name, input_index, limit: limit.unwrap_or_default() }
    }

    fn broken(&self, source: ActorError) -> Error {
        Error::Actor { name: self.name.clone(), input_index: self.answered_count, source }
    }
}

/// Returns the header of a question with this limit.
fn header(limit: Option<Duration>) -> MessageHeader {
    let Some(limit) = limit else {
        return MessageHeader::new();
    };
    let now_ns = SystemClock.now_ns();
    // A deadline of 0 would be none, and the latest moment is no limit.
    let deadline_ns = now_ns.saturating_add(whole_ns(limit)).max(1);
    MessageHeader::new().with_creation_ns(now_ns).with_deadline_ns(deadline_ns)
}
