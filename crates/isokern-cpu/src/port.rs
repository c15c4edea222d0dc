//! What crosses the border of a model: payloads in and out.

use isokern_core::compute::{
    BackendCapabilities, MemoryClass, ModeSet, PlacementAcceptance, PlacementDecision,
    decide_placement,
};
use isokern_core::{DType, InferenceError, InferenceErrorKind, Payload, PayloadMut};
use isokern_model::Tensor;

use crate::error::{CODE_PAYLOAD_BYTES, CODE_PAYLOAD_DTYPE, CODE_PAYLOAD_MEMORY};

/// The memory a CPU core loads from and stores to.
pub(crate) const MEMORY: PlacementAcceptance =
    PlacementAcceptance::exactly(MemoryClass::Host).with_pinned_host().with_shared();

/// What a CPU backend can do, owning or not.
pub(crate) const CAPABILITIES: BackendCapabilities =
    BackendCapabilities::new(false, None, DType::I8.mask())
        .with_modes(ModeSet::empty().with_batch().with_ring())
        .with_memory(MEMORY);

/// Checks that a payload is what the tensor takes.
pub(crate) fn check<P: Payload + ?Sized>(
    payload: &P,
    tensor: &Tensor,
) -> Result<(), InferenceError> {
    check_bytes(payload, tensor.len())
}

/// Checks that a payload is what an int8 tensor of this many bytes takes.
pub(crate) fn check_bytes<P: Payload + ?Sized>(
    payload: &P,
    tensor_bytes: usize,
) -> Result<(), InferenceError> {
    let mismatch = InferenceError::new(InferenceErrorKind::ShapeOrTypeMismatch);
    let descriptor = payload.buffer_descriptor();
    if decide_placement(descriptor.memory_class(), MEMORY) != PlacementDecision::ZeroCopy {
        return Err(mismatch.with_code(CODE_PAYLOAD_MEMORY));
    }
    if payload.dtype().is_some_and(|dtype| dtype != DType::I8) {
        return Err(mismatch.with_code(CODE_PAYLOAD_DTYPE));
    }
    if descriptor.bytes() != tensor_bytes {
        return Err(mismatch.with_code(CODE_PAYLOAD_BYTES));
    }
    Ok(())
}

/// Copies a checked payload to the place of the input tensor.
pub(crate) fn write<P: Payload + ?Sized>(payload: &P, target: &mut [i8]) {
    for (value, byte) in target.iter_mut().zip(payload.as_bytes()) {
        *value = byte.cast_signed();
    }
}

/// Copies the output tensor to a checked payload.
pub(crate) fn read<P: PayloadMut + ?Sized>(source: &[i8], payload: &mut P) {
    for (byte, value) in payload.as_bytes_mut().iter_mut().zip(source) {
        *byte = value.cast_unsigned();
    }
}
