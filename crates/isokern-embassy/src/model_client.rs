//! Asks a model that runs as an actor: inputs and outputs by value, buffers lent and taken back.

mod asking;
mod error;

use core::fmt;
use core::future::Future;
use core::task::Waker;

use isokern_core::MessageHeader;
use isokern_core::actor::{ActorError, MailboxShape, ModelReply};
use isokern_core::ring::{BufferHandle, PopError, PushError};
use isokern_cpu::CpuProgram;
use isokern_cpu::model::OperatorSet;
use isokern_ring::{Answer, AskError, Buffers, Lender, Requester, RequesterStats};

pub use error::ModelClientError;

use crate::clock::EmbassyClock;
use crate::host::EmbassyCells;
use crate::serve::Ask;

/// The requester of a model's actor on an [`EmbassyHost`](crate::EmbassyHost).
type ModelRequester<S> =
    Requester<&'static EmbassyCells<S>, BufferHandle, ModelReply, EmbassyClock>;

/// Asks a [`ModelActor`](isokern_cpu::ModelActor) with one input of `IN` values and one output of
/// `OUT`, through a mailbox of the shape `S` and `COUNT` buffers of `BYTES` bytes.
///
/// `BYTES`, `IN` and `OUT` are the constants that `include_model!` makes (`ARENA_BYTES`,
/// `INPUT_LEN`, `OUTPUT_LEN`). An input is copied into a lent buffer, the model runs there, and the
/// output is copied out; as many questions as there are buffers are under way at once. It has no
/// locks, so it may be an interrupt's ([`try_ask`](Self::try_ask) and
/// [`try_answer`](Self::try_answer)) or a task's ([`ask`](Self::ask)). Where a copy is too much,
/// use [`Lender`] and [`Requester`] themselves.
///
/// The example is on the page of the [`crate`].
pub struct ModelClient<
    O,
    S: MailboxShape + 'static,
    const BYTES: usize,
    const COUNT: usize,
    const IN: usize,
    const OUT: usize,
> where
    O: OperatorSet,
{
    program: CpuProgram<'static, O>,
    lender: Lender<&'static Buffers<BYTES, COUNT>>,
    requester: ModelRequester<S>,
    lent: [Option<Lent>; COUNT],
}

/// A buffer that was lent for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lent {
    handle: BufferHandle,
    sequence: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Somebody waits for the answer.
    Asked,
    /// Nobody does.
    Abandoned,
    /// It came without the buffer, which follows when the actor gives it back or ends.
    Answered,
}

impl<O, S, const BYTES: usize, const COUNT: usize, const IN: usize, const OUT: usize>
    ModelClient<O, S, BYTES, COUNT, IN, OUT>
where
    O: OperatorSet,
    S: MailboxShape + 'static,
{
    /// Returns the client of the actor that runs this program, has the borrower of this lender, and
    /// is asked by this requester.
    ///
    /// More buffers than slots of the mailbox do not compile.
    ///
    /// # Errors
    ///
    /// [`ModelClientError`]: the constants are not the model's.
    pub fn try_new(
        program: CpuProgram<'static, O>,
        lender: Lender<&'static Buffers<BYTES, COUNT>>,
        requester: ModelRequester<S>,
    ) -> Result<Self, ModelClientError> {
        const {
            assert!(COUNT <= S::SLOTS.count() as usize, "each buffer has a slot of the mailbox");
        }
        let model = program.model();
        let (inputs, outputs) = (model.input_count(), model.output_count());
        if (inputs, outputs) != (1, 1) {
            return Err(ModelClientError::SeveralPorts { inputs, outputs });
        }
        let need = model.input_at(0).bytes();
        if need != IN {
            return Err(ModelClientError::InputLength { have: IN, need });
        }
        let need = model.output_at(0).bytes();
        if need != OUT {
            return Err(ModelClientError::OutputLength { have: OUT, need });
        }
        let need = model.arena_bytes();
        if need > BYTES {
            return Err(ModelClientError::ArenaTooShort { have: BYTES, need });
        }
        Ok(Self { program, lender, requester, lent: [None; COUNT] })
    }

    /// Asks, and returns the sequence that the answer will have. Never waits.
    ///
    /// # Errors
    ///
    /// [`Full`](PushError::Full) while every buffer is under way,
    /// [`Closed`](PushError::Closed) when the actor or this side has closed.
    pub fn try_ask(
        &mut self,
        header: MessageHeader,
        input: &[i8; IN],
    ) -> Result<u32, PushError<()>> {
        self.take_back();
        let Self { program, lender, requester, lent } = self;
        let (Some(place), Ok(mut buffer)) =
            (lent.iter_mut().find(|place| place.is_none()), lender.try_claim())
        else {
            return Err(PushError::Full(()));
        };
        // It fits: that was checked when this was made.
        if let Ok(values) = program.input_in(&mut buffer) {
            for (value, given) in values.iter_mut().zip(input) {
                *value = *given;
            }
        }
        let handle = buffer.lend(BYTES).map_err(|_| PushError::Closed(()))?;
        match requester.try_ask(header, handle) {
            Ok(sequence) => {
                *place = Some(Lent { handle, sequence, stage: Stage::Asked });
                Ok(sequence)
            }
            // Never: who has a place of ours has a slot. The buffer would be back at the end.
            Err(PushError::Full(_)) => Err(PushError::Full(())),
            Err(PushError::Closed(_)) => Err(PushError::Closed(())),
        }
    }

    /// Takes the oldest answer: its header as it was sent, and the output or why there is none.
    ///
    /// # Errors
    ///
    /// [`Empty`](PopError::Empty) when there is none yet, [`Closed`](PopError::Closed) when the
    /// actor is gone and every question was answered.
    pub fn try_answer(&mut self) -> Result<ModelAnswer<OUT>, PopError> {
        loop {
            let answer = self.requester.try_answer()?;
            if let Some(answer) = self.finish(answer) {
                return Ok(answer);
            }
        }
    }

    /// Asks and waits for the output, asleep meanwhile.
    ///
    /// Dropped, the future leaves the question to the actor, whose buffer is taken back when it is
    /// done.
    ///
    /// # Errors
    ///
    /// [`AskError`]: refused as [`try_ask`](Self::try_ask) does, or what became of it.
    pub fn ask(
        &mut self,
        input: &[i8; IN],
    ) -> impl Future<Output = Result<[i8; OUT], AskError<()>>> {
        self.ask_with(MessageHeader::new(), input)
    }

    /// Asks with a header, of which the deadline is a moment of [`EmbassyClock`].
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn ask_with(
        &mut self,
        header: MessageHeader,
        input: &[i8; IN],
    ) -> impl Future<Output = Result<[i8; OUT], AskError<()>>> {
        asking::ask(self, header, input)
    }

    /// Sends no more. The actor answers what it has accepted, then stops if this was its last
    /// mailbox.
    pub fn close(&mut self) {
        self.requester.close();
    }

    /// Returns what became of the questions so far.
    #[must_use]
    pub fn stats(&mut self) -> RequesterStats {
        self.requester.stats()
    }

    /// Reads the output of an answer, and frees its buffer; `None` where nobody waits for it.
    fn finish(&mut self, answer: Answer<ModelReply>) -> Option<ModelAnswer<OUT>> {
        let Self { program, lender, lent, .. } = self;
        let is_asked = |place: &&mut Option<Lent>| {
            let is_its = |lent: &Lent| lent.sequence == answer.header.sequence();
            place.as_ref().is_some_and(|lent| lent.stage != Stage::Answered && is_its(lent))
        };
        let place = lent.iter_mut().find(is_asked)?;
        let Lent { handle, stage, .. } = (*place)?;
        let read = |lender: &mut Lender<_>| {
            let output = program.output_in(lender.bytes(handle).ok()?).ok()?;
            output.first_chunk().copied()
        };
        let result = match answer.result {
            // The actor gives a buffer back before it replies, and the output is as long as `OUT`.
            Ok(_) => read(lender).ok_or(ActorError::BufferRefused),
            Err(error) => Err(error),
        };
        *place = match lender.release(handle) {
            Ok(()) => None,
            Err(_) => (*place).map(|lent| Lent { stage: Stage::Answered, ..lent }),
        };
        (stage == Stage::Asked).then_some(ModelAnswer { header: answer.header, result })
    }

    /// Frees what came back after its answer, and buffers of questions that nobody waits for.
    fn take_back(&mut self) {
        let Self { lender, lent, .. } = self;
        for place in lent {
            let is_late = place.is_some_and(|lent| lent.stage == Stage::Answered);
            if is_late && place.is_some_and(|lent| lender.release(lent.handle).is_ok()) {
                *place = None;
            }
        }
        let abandoned = self.lent.map(|place| place.filter(|lent| lent.stage == Stage::Abandoned));
        for lent in abandoned.into_iter().flatten() {
            if let Some(answer) = self.requester.try_answer_to(lent.sequence) {
                let _nobodys = self.finish(answer);
            }
        }
    }

    /// Marks a question that nobody waits for.
    fn abandon(&mut self, sequence: u32) {
        for lent in self.lent.iter_mut().flatten() {
            if lent.sequence == sequence && lent.stage == Stage::Asked {
                lent.stage = Stage::Abandoned;
            }
        }
    }
}

/// The answer of a model, joined to the header its question was sent with.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelAnswer<const OUT: usize> {
    /// As it was sent: trace id and quality of service are what the sender wrote.
    pub header: MessageHeader,
    /// The output, or why there is none.
    pub result: Result<[i8; OUT], ActorError>,
}

impl<O, S, const BYTES: usize, const COUNT: usize, const IN: usize, const OUT: usize> Ask
    for ModelClient<O, S, BYTES, COUNT, IN, OUT>
where
    O: OperatorSet,
    S: MailboxShape + 'static,
{
    type Question = [i8; IN];
    type Answer = Result<[i8; OUT], ActorError>;

    fn try_ask(&mut self, input: [i8; IN]) -> Result<u32, PushError<[i8; IN]>> {
        Self::try_ask(self, MessageHeader::new(), &input).map_err(|refusal| match refusal {
            PushError::Full(()) => PushError::Full(input),
            PushError::Closed(()) => PushError::Closed(input),
        })
    }

    fn try_answer(&mut self) -> Result<(u32, Self::Answer), PopError> {
        let answer = Self::try_answer(self)?;
        Ok((answer.header.sequence(), answer.result))
    }

    fn register(&self, sequence: u32, waker: &Waker) {
        self.requester.register(sequence, waker);
    }
}

impl<O, S, const BYTES: usize, const COUNT: usize, const IN: usize, const OUT: usize> fmt::Debug
    for ModelClient<O, S, BYTES, COUNT, IN, OUT>
where
    O: OperatorSet,
    S: MailboxShape + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelClient").field("requester", &self.requester).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "model_client_tests.rs"]
mod tests;
