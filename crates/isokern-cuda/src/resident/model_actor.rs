//! A loaded model as an actor of the device.

use isokern_core::actor::ModelReply;
use isokern_core::device::{DeviceResident, HostModel, MODEL_ENTRY, ModelShape};
use isokern_core::ring::BufferHandle;
use isokern_core::{
    GpuKernel, KernelError, KernelMetadata, KernelMode, Resident, RingContext, RingKernelHandler,
};

use super::models::LoadedModel;

/// Keeps a model that a [`CudaHost`](super::CudaHost) has loaded running as an actor: one lent
/// buffer in, one inference, the outputs in the same buffer.
///
/// ```text
/// 0              input_bytes                      buffer_bytes
/// ├─ inputs, packed ─┤─ outputs, packed ─────────────┤
/// ```
///
/// The sender claims a buffer of its pool, writes the inputs to its start and lends exactly
/// [`buffer_bytes`](Self::buffer_bytes); the reply is [`reply`](Self::reply). A model with state
/// begins a new stream with each incarnation of the actor. The actor is of its host alone: any
/// other answers with [`KernelError::InvalidConfiguration`].
#[derive(Debug, Clone, Copy)]
pub struct CudaModelActor {
    model: LoadedModel,
}

impl CudaModelActor {
    /// Returns the actor of a model.
    #[must_use]
    pub const fn new(model: LoadedModel) -> Self {
        Self { model }
    }

    /// Returns how many bytes a sender writes to the start of a buffer.
    #[must_use]
    pub const fn input_bytes(&self) -> u32 {
        self.model.input_bytes()
    }

    /// Returns how many bytes are lent with each message.
    #[must_use]
    pub const fn buffer_bytes(&self) -> u32 {
        // `CudaHost::load` has checked the sum.
        self.model.input_bytes() + self.model.output_bytes()
    }

    /// Returns where the outputs are in a buffer: what every message is answered with.
    #[must_use]
    pub const fn reply(&self) -> ModelReply {
        let (output_offset, output_bytes) = (self.model.input_bytes(), self.model.output_bytes());
        ModelReply { output_offset, output_bytes }
    }
}

impl GpuKernel for CudaModelActor {
    fn metadata(&self) -> &KernelMetadata {
        const { &KernelMetadata::new(MODEL_ENTRY, KernelMode::Ring) }
    }
}

/// The answer of a host that is not of the device.
const ELSEWHERE: KernelError = KernelError::InvalidConfiguration {
    reason: "the model is in device memory; spawn its actor on the `CudaHost` that loaded it",
};

impl RingKernelHandler<BufferHandle, ModelReply> for CudaModelActor {
    async fn handle(
        &self,
        _: &mut RingContext<'_>,
        _: BufferHandle,
    ) -> Result<ModelReply, KernelError> {
        Err(ELSEWHERE)
    }

    async fn initialize(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
        Err(ELSEWHERE)
    }
}

impl Resident for CudaModelActor {
    type Handler = Self;
    type Message = BufferHandle;
    type Reply = ModelReply;
    /// Whether the model owes a reset: 1, or 0.
    type State = u32;

    const ENTRY: &'static str = MODEL_ENTRY;

    fn buffer_of(message: &BufferHandle) -> Option<BufferHandle> {
        Some(*message)
    }

    fn into_parts(self) -> (Self, u32) {
        (self, 0)
    }
}

impl DeviceResident for CudaModelActor {
    type Shape = ModelShape;

    fn model(handler: &Self) -> Option<HostModel> {
        Some(handler.model.model())
    }
}
