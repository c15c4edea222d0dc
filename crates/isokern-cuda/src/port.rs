//! What crosses the border of a model: payloads in and out.

use isokern_core::compute::{
    BackendCapabilities, MemoryClass, ModeSet, PlacementAcceptance, PlacementDecision,
    decide_placement,
};
use isokern_core::{DType, Payload};

use crate::error::PayloadError;

/// Memory that the device reads where it lies.
const IN_PLACE: PlacementAcceptance =
    PlacementAcceptance::exactly(MemoryClass::PinnedHost).with_shared();

/// What the backend can do. Host memory is copied to pinned memory first.
pub(crate) const CAPABILITIES: BackendCapabilities =
    BackendCapabilities::new(true, None, DType::I8.mask())
        .with_modes(ModeSet::empty().with_batch())
        .with_memory(IN_PLACE.with_host());

/// What happens to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The host copies it to the staging buffer.
    Staged,
    /// The device reads it where it lies.
    InPlace,
}

/// Checks that a payload is what ports of this many bytes and this type take, and says how its
/// bytes get to the device. Ports of different types take bytes, or payloads without a type.
pub(crate) fn check<P: Payload + ?Sized>(
    payload: &P,
    tensor_bytes: usize,
    dtype: Option<DType>,
) -> Result<Way, PayloadError> {
    let descriptor = payload.buffer_descriptor();
    let way = match decide_placement(descriptor.memory_class(), IN_PLACE) {
        PlacementDecision::ZeroCopy => Way::InPlace,
        PlacementDecision::AdaptRequired if descriptor.memory_class() == MemoryClass::Host => {
            Way::Staged
        }
        PlacementDecision::AdaptRequired => return Err(PayloadError::Memory),
    };
    if payload.dtype().is_some_and(|found| found != dtype.unwrap_or(DType::U8)) {
        return Err(PayloadError::Dtype);
    }
    // The bytes themselves count: a descriptor is only what the payload says of them.
    let have = payload.as_bytes().len();
    if descriptor.bytes() != tensor_bytes || have != tensor_bytes {
        let have = if have == tensor_bytes { descriptor.bytes() } else { have };
        return Err(PayloadError::Bytes { have, need: tensor_bytes });
    }
    Ok(way)
}
