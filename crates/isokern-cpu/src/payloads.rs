//! Checks and copies of the packed payloads of a model.

use isokern_core::compute::{
    BackendCapabilities, MemoryClass, ModeSet, PlacementAcceptance, PlacementDecision,
    decide_placement,
};
use isokern_core::{DType, InferenceError, InferenceErrorKind, Payload, PayloadMut};
use isokern_model::Model;
use isokern_model::tensor::DTYPES;

use crate::error::{CODE_PAYLOAD_BYTES, CODE_PAYLOAD_DTYPE, CODE_PAYLOAD_MEMORY};

/// The memory a CPU core loads from and stores to.
pub(crate) const MEMORY: PlacementAcceptance =
    PlacementAcceptance::exactly(MemoryClass::Host).with_pinned_host().with_shared();

/// What a CPU backend can do, owning or not.
pub(crate) const CAPABILITIES: BackendCapabilities = BackendCapabilities::new(false, None, DTYPES)
    .with_modes(ModeSet::empty().with_batch().with_ring().with_megakernel())
    .with_memory(MEMORY);

/// What the packed payload of all inputs, or of all outputs, has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed {
    bytes: usize,
    /// None where ports differ: such a payload has no element type, or bytes.
    dtype: Option<DType>,
}

impl Packed {
    /// Returns the payload of the inputs.
    pub(crate) fn inputs(model: &Model<'_>) -> Self {
        Self { bytes: model.input_bytes(), dtype: model.input_dtype() }
    }

    /// Returns the payload of the outputs.
    pub(crate) fn outputs(model: &Model<'_>) -> Self {
        Self { bytes: model.output_bytes(), dtype: model.output_dtype() }
    }

    /// Checks that `payload` is such a one, with bytes that the CPU reads.
    pub(crate) fn check<P: Payload + ?Sized>(&self, payload: &P) -> Result<(), InferenceError> {
        let mismatch = InferenceError::new(InferenceErrorKind::ShapeOrTypeMismatch);
        let descriptor = payload.buffer_descriptor();
        if decide_placement(descriptor.memory_class(), MEMORY) != PlacementDecision::ZeroCopy {
            return Err(NO_BYTES);
        }
        let need = self.dtype.unwrap_or(DType::U8);
        if payload.dtype().is_some_and(|dtype| dtype != need) {
            return Err(mismatch.with_code(CODE_PAYLOAD_DTYPE));
        }
        if descriptor.bytes() != self.bytes {
            return Err(mismatch.with_code(CODE_PAYLOAD_BYTES));
        }
        source(payload).map(|_| ())
    }

    /// Checks that `payload` is such a one, with bytes that the CPU writes.
    pub(crate) fn check_mut<P>(&self, payload: &mut P) -> Result<(), InferenceError>
    where
        P: PayloadMut + ?Sized,
    {
        self.check(payload)?;
        target(payload).map(|_| ())
    }
}

/// What a payload is refused with that the CPU cannot read, or not write.
const NO_BYTES: InferenceError =
    InferenceError::new(InferenceErrorKind::ShapeOrTypeMismatch).with_code(CODE_PAYLOAD_MEMORY);

/// Returns the bytes to read.
pub(crate) fn source<P: Payload + ?Sized>(payload: &P) -> Result<&[u8], InferenceError> {
    payload.host_bytes().ok_or(NO_BYTES)
}

/// Returns the bytes to write.
pub(crate) fn target<P: PayloadMut + ?Sized>(payload: &mut P) -> Result<&mut [u8], InferenceError> {
    payload.host_bytes_mut().ok_or(NO_BYTES)
}

/// Copies the start of `source` to `target`, and returns what is left.
pub(crate) fn take<'s>(source: &'s [u8], target: &mut [u8]) -> &'s [u8] {
    let (now, later) = source.split_at(target.len().min(source.len()));
    for (byte, value) in target.iter_mut().zip(now) {
        *byte = *value;
    }
    later
}

/// Copies `source` to the start of `target`, and returns what is left.
pub(crate) fn put<'t>(source: &[u8], target: &'t mut [u8]) -> &'t mut [u8] {
    let (now, later) = target.split_at_mut(source.len().min(target.len()));
    for (byte, value) in now.iter_mut().zip(source) {
        *byte = *value;
    }
    later
}
