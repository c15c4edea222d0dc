//! A model of any backend as a resident: each message lends the buffer that it runs in.

use core::marker::PhantomData;

use bytemuck::{Pod, Zeroable, try_cast_slice, try_cast_slice_mut};

use super::context::RingContext;
use super::handler::RingKernelHandler;
use super::resident::Resident;
use crate::call::Exclusive;
use crate::compute::{ComputeModel, InferenceErrorKind};
use crate::kernel::{GpuKernel, KernelError, KernelMetadata};
use crate::ring::BufferHandle;

/// The place of the output in the buffer that was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct ModelReply {
    /// Bytes from the start of the buffer.
    pub output_offset: u32,
    /// Bytes of the output.
    pub output_bytes: u32,
}

/// Keeps a [`ComputeModel`] running as an actor: one lent buffer in, one step, the output in the
/// same buffer.
///
/// ```text
/// 0              input_bytes      output_offset                  buffer_bytes
/// ├─ input, of I ─┤  0 or more bytes  ├─ output, of O ─────────────┤
/// ```
///
/// The sender claims a buffer of its pool, writes the input to its start and lends exactly
/// [`buffer_bytes`](Self::buffer_bytes); the [`ModelReply`] says where the output is. Several
/// inputs or outputs are packed, as the model takes them. Elements that are wider than a byte
/// need a pool whose buffers are aligned for them. `I` and `O` are the elements of the model's
/// payloads, `[I]` and `[O]`.
///
/// An incarnation begins with [`init`](ComputeModel::init) and [`reset`](ComputeModel::reset),
/// and ends with [`drain`](ComputeModel::drain), whose error is that of `shutdown`. After a
/// failed step the model is reset, so one with state begins a new stream of samples; while that
/// fails, messages are answered with the error of the reset and nothing is run.
///
/// One message is one `infer_one`: there is no safe point inside, and the thread of the actor
/// waits for a device as long as the model does. The cell `X` holds the model
/// ([`Exclusive`]); the actor is its only user, unless the caller keeps a way to it.
///
/// | answer | why |
/// |---|---|
/// | [`KernelError::InvalidInput`] | the buffer was lent with another length, or is not aligned |
/// | [`KernelError::Inference`] | the step failed, or the reset that it made necessary |
/// | [`KernelError::Busy`] | somebody else uses the cell |
///
/// A buffer that is not lent is the runner's to refuse
/// ([`ActorError::BufferRefused`](crate::actor::ActorError::BufferRefused)).
///
/// ```
/// use isokern_core::actor::{ModelReply, ModelResident};
/// use isokern_core::call::SingleOwner;
/// use isokern_core::ring::BufferHandle;
/// use isokern_core::{KernelMetadata, KernelMode, Resident, RingKernelHandler};
/// # use bytemuck::Zeroable;
/// # use isokern_core::actor::{Outbox, RunnerWords};
/// # use isokern_core::compute::{MemoryClass, ModelMetadata};
/// # use isokern_core::{ComputeModel, InferenceError, MessageHeader, RingContext};
/// # struct Negate;
/// # impl ComputeModel<[i8], [i8]> for Negate {
/// #     fn init(&mut self) -> Result<(), InferenceError> { Ok(()) }
/// #     fn infer_one(&mut self, x: &[i8], y: &mut [i8]) -> Result<(), InferenceError> {
/// #         x.iter().zip(y).for_each(|(x, y)| *y = -x);
/// #         Ok(())
/// #     }
/// #     fn drain(&mut self) -> Result<(), InferenceError> { Ok(()) }
/// #     fn reset(&mut self) -> Result<(), InferenceError> { Ok(()) }
/// #     fn metadata(&self) -> ModelMetadata {
/// #         ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, Some(2), Some(2))
/// #     }
/// # }
///
/// const METADATA: KernelMetadata = KernelMetadata::new("negate", KernelMode::Ring);
/// let resident: ModelResident<Negate, _> =
///     ModelResident::try_new(METADATA, SingleOwner::new(Negate))?;
/// assert_eq!((resident.input_bytes(), resident.buffer_bytes()), (2, 4));
///
/// // What a host does with it for one message; `isokern_ring::spawn` takes it to a thread.
/// let (handler, mut state) = resident.into_parts();
/// let mut buffer = [3, 4, 0, 0];
/// # let (words, mut used) = (RunnerWords::new(), 0);
/// # let (bytes, outbox) = (bytemuck::bytes_of_mut(&mut state), Outbox::none(&mut used));
/// # let mut context =
/// #     RingContext::new(MessageHeader::new(), &words, bytes, &mut buffer, outbox);
/// # let handle = BufferHandle::zeroed();
/// pollster::block_on(handler.initialize(&mut context))?;
/// let reply = pollster::block_on(handler.handle(&mut context, handle))?;
/// assert_eq!(reply, ModelReply { output_offset: 2, output_bytes: 2 });
/// assert_eq!(buffer.map(u8::cast_signed), [3, 4, -3, -4]);
/// # Ok::<(), isokern_core::KernelError>(())
/// ```
#[derive(Debug)]
pub struct ModelResident<M, X, I = i8, O = i8> {
    metadata: KernelMetadata,
    model: X,
    input_bytes: usize,
    buffer_bytes: usize,
    reply: ModelReply,
    types: PhantomData<fn(I, O) -> M>,
}

impl<M, X, I, O> ModelResident<M, X, I, O>
where
    M: ComputeModel<[I], [O]>,
    X: Exclusive<M>,
    I: Pod,
    O: Pod,
{
    /// Takes over a model in its cell. The model is not made ready here: that is the first thing
    /// the actor does, on its own thread.
    ///
    /// # Errors
    ///
    /// [`KernelError::InvalidConfiguration`] when the model does not say how long its input and
    /// output are, or they are no whole number of elements or do not fit into 32 bits;
    /// [`KernelError::Busy`] when the cell is in use.
    pub fn try_new(metadata: KernelMetadata, model: X) -> Result<Self, KernelError> {
        let of_model = model.with(|model| model.metadata())?;
        let lengths = of_model.max_input_bytes().zip(of_model.max_output_bytes());
        let (input_bytes, output_bytes) = lengths.ok_or(KernelError::InvalidConfiguration {
            reason: "the model does not say how long its input and output are",
        })?;
        if !is_whole::<I>(input_bytes) || !is_whole::<O>(output_bytes) {
            let reason = "the model's input or output is no whole number of elements";
            return Err(KernelError::InvalidConfiguration { reason });
        }
        let place = place_of::<O>(input_bytes, output_bytes);
        let (reply, buffer_bytes) = place.ok_or(KernelError::InvalidConfiguration {
            reason: "input and output do not fit into one buffer of 32 bits",
        })?;
        Ok(Self { metadata, model, input_bytes, buffer_bytes, reply, types: PhantomData })
    }

    /// Resets a model that owes it, and steps it in `payload`. Says whether it owes a reset now.
    fn step(
        &self,
        model: &mut M,
        owes_reset: bool,
        payload: &mut [u8],
    ) -> (Result<(), KernelError>, bool) {
        if owes_reset && let Err(error) = model.reset() {
            return (Err(error.into()), true);
        }
        let result = self.infer_in(model, payload);
        let is_broken = result.as_ref().is_err_and(leaves_work_behind);
        (result, is_broken && model.reset().is_err())
    }

    fn infer_in(&self, model: &mut M, payload: &mut [u8]) -> Result<(), KernelError> {
        let reason = "the buffer was lent with another length than buffer_bytes";
        let wrong_length = KernelError::InvalidInput { reason };
        if payload.len() != self.buffer_bytes {
            return Err(wrong_length);
        }
        let parts = payload.split_at_mut_checked(self.reply.output_offset as usize);
        let (input, output) = parts.ok_or(wrong_length)?;
        let input = input.get(..self.input_bytes).ok_or(wrong_length)?;
        let (Ok(input), Ok(output)) = (try_cast_slice(input), try_cast_slice_mut(output)) else {
            let reason = "the buffer is not aligned for the model's elements";
            return Err(KernelError::InvalidInput { reason });
        };
        Ok(model.infer_one(input, output)?)
    }
}

impl<M, X, I, O> ModelResident<M, X, I, O> {
    /// Returns how many bytes a sender writes to the start of a buffer.
    #[must_use]
    pub const fn input_bytes(&self) -> usize {
        self.input_bytes
    }

    /// Returns how many bytes are lent with each message.
    #[must_use]
    pub const fn buffer_bytes(&self) -> usize {
        self.buffer_bytes
    }

    /// Returns where each answer is in its buffer: what every message is answered with.
    #[must_use]
    pub const fn reply(&self) -> ModelReply {
        self.reply
    }
}

impl<M, X: Send + Sync, I, O> GpuKernel for ModelResident<M, X, I, O> {
    fn metadata(&self) -> &KernelMetadata {
        &self.metadata
    }
}

impl<M, X, I, O> RingKernelHandler<BufferHandle, ModelReply> for ModelResident<M, X, I, O>
where
    M: ComputeModel<[I], [O]>,
    X: Exclusive<M>,
    I: Pod,
    O: Pod,
{
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        _: BufferHandle,
    ) -> Result<ModelReply, KernelError> {
        let owes_reset = *context.state::<u32>()? != 0;
        let payload = context.payload_mut();
        let (result, owes_reset) =
            self.model.with(|model| self.step(model, owes_reset, payload))?;
        *context.state::<u32>()? = owes_reset.into();
        result.map(|()| self.reply)
    }

    async fn initialize(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
        self.model.with(|model| {
            model.init()?;
            Ok(model.reset()?)
        })?
    }

    async fn shutdown(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
        self.model.with(|model| match model.drain() {
            // An incarnation whose `initialize` failed has nothing going on.
            Err(error) if error.kind() == InferenceErrorKind::NotInitialized => Ok(()),
            result => Ok(result?),
        })?
    }
}

impl<M, X, I, O> Resident for ModelResident<M, X, I, O>
where
    M: ComputeModel<[I], [O]> + 'static,
    X: Exclusive<M> + 'static,
    I: Pod,
    O: Pod,
{
    type Handler = Self;
    type Message = BufferHandle;
    type Reply = ModelReply;
    /// Whether the model owes a reset: 1, or 0.
    type State = u32;

    fn buffer_of(message: &BufferHandle) -> Option<BufferHandle> {
        Some(*message)
    }

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}

fn is_whole<T>(bytes: usize) -> bool {
    bytes.checked_rem(size_of::<T>()) == Some(0)
}

/// Returns where an output of `O` begins after its input, and the bytes of both; `None` if these
/// are too many for a handle.
fn place_of<O>(input_bytes: usize, output_bytes: usize) -> Option<(ModelReply, usize)> {
    let offset = input_bytes.checked_next_multiple_of(align_of::<O>())?;
    let buffer_bytes = offset.checked_add(output_bytes)?;
    u32::try_from(buffer_bytes).ok()?;
    let (output_offset, output_bytes) = (offset.try_into().ok()?, output_bytes.try_into().ok()?);
    Some((ModelReply { output_offset, output_bytes }, buffer_bytes))
}

/// Returns whether a model may have begun what it did not finish. A mismatch is reported before any
/// work.
fn leaves_work_behind(error: &KernelError) -> bool {
    match error {
        KernelError::Inference(error) => error.kind() != InferenceErrorKind::ShapeOrTypeMismatch,
        error => error.has_started(),
    }
}
