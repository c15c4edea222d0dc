//! A model as an actor: it runs in the buffer that comes with each message.

pub use isokern_core::actor::ModelReply;
use isokern_core::ring::BufferHandle;
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, Resident, RingContext, RingKernelHandler,
};
use isokern_model::{AllOperators, OperatorSet};

use crate::program::CpuProgram;

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
pub struct ModelActor<S = AllOperators> {
    metadata: KernelMetadata,
    program: CpuProgram<'static, S>,
}

impl<S: OperatorSet> ModelActor<S> {
    /// The actor of a program.
    #[must_use]
    pub const fn new(metadata: KernelMetadata, program: CpuProgram<'static, S>) -> Self {
        Self { metadata, program }
    }

    /// The program, which says where input and output lie in a buffer.
    #[must_use]
    pub const fn program(&self) -> &CpuProgram<'static, S> {
        &self.program
    }
}

impl<S: OperatorSet + Send + Sync> GpuKernel for ModelActor<S> {
    fn metadata(&self) -> &KernelMetadata {
        &self.metadata
    }
}

impl<S: OperatorSet + Send + Sync> RingKernelHandler<BufferHandle, ModelReply> for ModelActor<S> {
    async fn handle(
        &self,
        context: &mut RingContext<'_>,
        _: BufferHandle,
    ) -> Result<ModelReply, KernelError> {
        let (operator_count, output, arena_bytes) = {
            let model = self.program.model();
            (model.operator_count(), model.output(), model.arena_bytes())
        };
        if self.program.model().state_bytes() > 0 {
            let reason = "the model keeps state between runs, this actor has no memory for it";
            return Err(KernelError::InvalidConfiguration { reason });
        }
        if context.payload().len() < arena_bytes {
            let reason = "the buffer was lent with fewer bytes than the model's arena";
            return Err(KernelError::InvalidInput { reason });
        }
        for index in 0..operator_count {
            if index > 0 {
                context.yield_now().await;
            }
            self.program.run_operators_in(context.payload_mut(), index..index + 1)?;
        }
        // Both fit: a packed model is addressed with 32 bits.
        let (output_offset, output_bytes) = (output.offset() as u32, output.bytes() as u32);
        Ok(ModelReply { output_offset, output_bytes })
    }
}

impl<S: OperatorSet + Send + Sync + 'static> Resident for ModelActor<S> {
    type Handler = Self;
    type Message = BufferHandle;
    type Reply = ModelReply;
    type State = [u8; 0];

    fn buffer_of(message: &BufferHandle) -> Option<BufferHandle> {
        Some(*message)
    }

    fn into_parts(self) -> (Self, [u8; 0]) {
        (self, [])
    }
}
