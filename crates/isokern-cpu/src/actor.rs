//! A model as an actor: it runs in the buffer that comes with each message, and keeps its state.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

pub use isokern_core::actor::ModelReply;
use isokern_core::ring::BufferHandle;
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, Resident, RingContext, RingKernelHandler,
};
use isokern_model::{AllOperators, OperatorSet};

use crate::error::LoadError;
use crate::program::CpuProgram;

/// Returns the words of actor state that a model with so many bytes of state takes: a mark, then
/// the bytes.
///
/// ```
/// use isokern_cpu::actor::state_words;
///
/// assert_eq!((state_words(0), state_words(1), state_words(8)), (0, 2, 3));
/// ```
#[must_use]
pub const fn state_words(state_bytes: usize) -> usize {
    if state_bytes == 0 { 0 } else { 1 + state_bytes.div_ceil(4) }
}

/// Answers each lent buffer by running a model in it.
///
/// A buffer of the pool is an arena: at least [`arena_bytes`](isokern_model::Model::arena_bytes)
/// long, aligned by the pool. The sender writes the input where
/// [`CpuProgram::input_in`] says, lends the buffer, and finds the output where
/// [`CpuProgram::output_in`] says. Nothing is copied on the way, the actor has no memory for
/// activations, and as many requests as the pool has buffers may be under way.
///
/// There is a safe point after each operator.
///
/// A model with state takes the messages as one stream. Its state is in the memory of the actor
/// ([`with_state`](ModelActor::with_state)), so each actor has a stream of its own, however many
/// buffers are under way. Every incarnation begins with the initial state, and so does the message
/// after one that did not end: a deadline, a stop or an error leaves no half step. A model that is
/// known at run time only goes into a [`ModelResident`](isokern_core::actor::ModelResident).
///
/// ```
/// use isokern_cpu::{CpuBackend, ModelActor, model};
/// use isokern_cpu::core::{KernelMetadata, KernelMode};
///
/// model::include_model! {
///     pub mod digits = "../../../tests/models/digits.ikm";
/// }
///
/// const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Ring);
/// let actor = ModelActor::new(METADATA, CpuBackend::new().load_program(digits::BLOB)?);
/// assert_eq!(actor.program().model().output().len(), digits::OUTPUT_LEN);
/// # Ok::<(), isokern_cpu::LoadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ModelActor<S = AllOperators, const STATE_WORDS: usize = 0> {
    metadata: KernelMetadata,
    program: CpuProgram<'static, S>,
}

impl<S: OperatorSet> ModelActor<S> {
    /// Returns the actor of a program without state. One with state is refused, message by message.
    #[must_use]
    pub const fn new(metadata: KernelMetadata, program: CpuProgram<'static, S>) -> Self {
        Self { metadata, program }
    }
}

impl<S: OperatorSet, const STATE_WORDS: usize> ModelActor<S, STATE_WORDS> {
    /// Returns the actor of a program, with [`state_words`] words for its state.
    ///
    /// ```
    /// use isokern_cpu::actor::{ModelActor, state_words};
    /// use isokern_cpu::core::{KernelMetadata, KernelMode};
    /// use isokern_cpu::{CpuBackend, model};
    ///
    /// model::include_model! {
    ///     pub mod digits = "../../../tests/models/digits.ikm";
    /// }
    ///
    /// const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Ring);
    /// const WORDS: usize = state_words(digits::STATE_BYTES);
    /// let program = CpuBackend::new().load_program(digits::BLOB)?;
    /// let actor = ModelActor::<_, WORDS>::with_state(METADATA, program)?;
    /// # let _ = actor;
    /// # Ok::<(), isokern_cpu::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError::StateTooShort`] if these are too few.
    pub fn with_state(
        metadata: KernelMetadata,
        program: CpuProgram<'static, S>,
    ) -> Result<Self, LoadError> {
        let need = program.model().state_bytes();
        if STATE_WORDS < state_words(need) {
            let have = STATE_WORDS.saturating_sub(1) * 4;
            return Err(LoadError::StateTooShort { have, need });
        }
        Ok(Self { metadata, program })
    }

    /// Returns the program, which says where input and output are in a buffer.
    #[must_use]
    pub const fn program(&self) -> &CpuProgram<'static, S> {
        &self.program
    }
}

impl<S, const STATE_WORDS: usize> GpuKernel for ModelActor<S, STATE_WORDS>
where
    S: OperatorSet + Send + Sync,
{
    fn metadata(&self) -> &KernelMetadata {
        &self.metadata
    }
}

impl<S, const STATE_WORDS: usize> RingKernelHandler<BufferHandle, ModelReply>
    for ModelActor<S, STATE_WORDS>
where
    S: OperatorSet + Send + Sync,
{
    /// Not `async`, which links a panic for a future that is polled after its end.
    fn handle(
        &self,
        context: &mut RingContext<'_>,
        _: BufferHandle,
    ) -> impl Future<Output = Result<ModelReply, KernelError>> + Send {
        let mut indices = 0..;
        poll_fn(move |task| match self.run_one(context, indices.next().unwrap_or_default()) {
            Ok(Some(reply)) => Poll::Ready(Ok(reply)),
            Ok(None) => {
                // A safe point, of which this is the first poll; the second would go on.
                let _ = pin!(context.yield_now()).poll(task);
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        })
    }

    fn initialize(
        &self,
        _: &mut RingContext<'_>,
    ) -> impl Future<Output = Result<(), KernelError>> + Send {
        poll_fn(|_| Poll::Ready(Ok(())))
    }

    fn shutdown(
        &self,
        _: &mut RingContext<'_>,
    ) -> impl Future<Output = Result<(), KernelError>> + Send {
        poll_fn(|_| Poll::Ready(Ok(())))
    }
}

impl<S, const STATE_WORDS: usize> ModelActor<S, STATE_WORDS>
where
    S: OperatorSet,
{
    /// Runs one operator; the reply, if it was the last.
    fn run_one(
        &self,
        context: &mut RingContext<'_>,
        index: usize,
    ) -> Result<Option<ModelReply>, KernelError> {
        let (operator_count, output, arena_bytes, state_bytes) = {
            let model = self.program.model();
            (model.operator_count(), model.output(), model.arena_bytes(), model.state_bytes())
        };
        if index == 0 {
            if STATE_WORDS < state_words(state_bytes) {
                let reason = "the model keeps state between runs: make its actor by `with_state`";
                return Err(KernelError::InvalidConfiguration { reason });
            }
            if context.payload().len() < arena_bytes {
                let reason = "the buffer was lent with fewer bytes than the model's arena";
                return Err(KernelError::InvalidInput { reason });
            }
            self.begin_step(context.state::<[u32; STATE_WORDS]>()?);
        }
        if index < operator_count {
            let (state, payload) = context.parts_mut();
            let state = state.get_mut(size_of::<u32>()..).unwrap_or_default();
            self.program.run_with_state(payload, state, index..index + 1)?;
        }
        if index + 1 < operator_count {
            return Ok(None);
        }
        if let Some(mark) = context.state::<[u32; STATE_WORDS]>()?.first_mut() {
            *mark = WHOLE;
        }
        // Both fit: a packed model is addressed with 32 bits.
        let (output_offset, output_bytes) = (output.offset() as u32, output.bytes() as u32);
        Ok(Some(ModelReply { output_offset, output_bytes }))
    }

    /// Marks a step as begun, on the initial state if the one before did not end.
    fn begin_step(&self, state: &mut [u32; STATE_WORDS]) {
        if let [mark, words @ ..] = state.as_mut_slice() {
            if *mark != WHOLE {
                self.program.model().reset_state(bytemuck::must_cast_slice_mut(words));
            }
            *mark = BEGUN;
        }
    }
}

/// Marks of an actor's state: no step is under way, or one was begun.
const WHOLE: u32 = 0;
const BEGUN: u32 = 1;

impl<S, const STATE_WORDS: usize> Resident for ModelActor<S, STATE_WORDS>
where
    S: OperatorSet + Send + Sync + 'static,
{
    type Handler = Self;
    type Message = BufferHandle;
    type Reply = ModelReply;
    /// A mark, then the model's state.
    type State = [u32; STATE_WORDS];

    fn buffer_of(message: &BufferHandle) -> Option<BufferHandle> {
        Some(*message)
    }

    fn into_parts(self) -> (Self, [u32; STATE_WORDS]) {
        let mut state = [WHOLE; STATE_WORDS];
        if let [_, words @ ..] = state.as_mut_slice() {
            self.program.model().reset_state(bytemuck::must_cast_slice_mut(words));
        }
        (self, state)
    }
}
