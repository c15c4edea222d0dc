//! Checks of the payloads of a model, and how their bytes reach the device.

use isokern_core::compute::{
    BackendCapabilities, DeviceSpace, DeviceView, DeviceViewMut, MemoryClass, ModeSet,
    PlacementAcceptance, PlacementDecision, decide_placement,
};
use isokern_core::{DType, Payload, PayloadMut};
use isokern_model::tensor::DTYPES;

use crate::error::PayloadError;

/// Memory of the host that the device reads in place.
const IN_PLACE: PlacementAcceptance =
    PlacementAcceptance::exactly(MemoryClass::PinnedHost).with_shared();

/// Returns what the backend can do in a space of a device, or in none. Host memory is copied to
/// pinned memory first.
pub(crate) const fn capabilities(space: Option<DeviceSpace>) -> BackendCapabilities {
    BackendCapabilities::new(true, None, DTYPES)
        .with_modes(ModeSet::empty().with_batch())
        .with_memory(memory(space))
}

/// Returns what models in a space take.
pub(crate) const fn memory(space: Option<DeviceSpace>) -> PlacementAcceptance {
    let host = IN_PLACE.with_host();
    match space {
        Some(space) => host.union(PlacementAcceptance::exactly(space.memory_class())),
        None => host,
    }
}

/// How the bytes of a payload meet the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The host copies them to or from a buffer of the stream.
    Staged,
    /// They are of the host, and the device reads them where they are.
    InPlace,
    /// They are of the device, which uses them where they are.
    Device,
}

/// What the packed payload of all inputs, or of all outputs, has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedPayload {
    pub(crate) bytes: usize,
    /// None where ports differ: such a payload has no element type, or bytes.
    pub(crate) dtype: Option<DType>,
    pub(crate) space: DeviceSpace,
}

impl PackedPayload {
    /// Checks a payload to read, and says how its bytes get to the device.
    pub(crate) fn check<P: Payload + ?Sized>(&self, payload: &P) -> Result<Way, PayloadError> {
        let way = self.describe(payload)?;
        match way {
            Way::Staged | Way::InPlace => {
                self.check_bytes(payload.host_bytes().ok_or(PayloadError::NoHostBytes)?.len())?;
            }
            Way::Device => {
                self.view(payload)?;
            }
        }
        Ok(way)
    }

    /// Checks a payload to write.
    pub(crate) fn check_mut<P>(&self, payload: &mut P) -> Result<Way, PayloadError>
    where
        P: PayloadMut + ?Sized,
    {
        let way = self.describe(payload)?;
        match way {
            Way::Staged | Way::InPlace => {
                self.check_bytes(payload.host_bytes_mut().ok_or(PayloadError::NoHostBytes)?.len())?;
            }
            Way::Device => {
                self.view_mut(payload)?;
            }
        }
        Ok(way)
    }

    /// Returns the view of a payload in device memory, of the right space and length.
    pub(crate) fn view<'p, P>(&self, payload: &'p P) -> Result<DeviceView<'p>, PayloadError>
    where
        P: Payload + ?Sized,
    {
        let view = payload.device_view().ok_or(PayloadError::Memory)?;
        self.check_space(view.space())?;
        self.check_bytes(view.bytes())?;
        Ok(view)
    }

    /// Returns the same to write.
    pub(crate) fn view_mut<'p, P>(
        &self,
        payload: &'p mut P,
    ) -> Result<DeviceViewMut<'p>, PayloadError>
    where
        P: PayloadMut + ?Sized,
    {
        let view = payload.device_view_mut().ok_or(PayloadError::Memory)?;
        self.check_space(view.space())?;
        self.check_bytes(view.bytes())?;
        Ok(view)
    }

    /// Returns how many samples a view of device memory holds.
    pub(crate) fn samples(&self, view: &DeviceView<'_>) -> Result<usize, PayloadError> {
        let bytes = view.bytes();
        self.check_space(view.space())?;
        self.check_dtype(view.dtype())?;
        let samples = bytes / self.bytes;
        if samples * self.bytes != bytes {
            let need = samples.saturating_add(1).saturating_mul(self.bytes);
            return Err(PayloadError::Bytes { have: bytes, need });
        }
        Ok(samples)
    }

    /// Checks what a payload says of itself.
    fn describe<P: Payload + ?Sized>(&self, payload: &P) -> Result<Way, PayloadError> {
        let descriptor = payload.buffer_descriptor();
        let class = descriptor.memory_class();
        let here = |accepts| decide_placement(class, accepts) == PlacementDecision::ZeroCopy;
        let way = if here(IN_PLACE) {
            Way::InPlace
        } else if here(PlacementAcceptance::exactly(self.space.memory_class())) {
            Way::Device
        } else if class == MemoryClass::Host {
            Way::Staged
        } else {
            let need = self.space.memory_class();
            return Err(PayloadError::OtherDevice { have: class, need });
        };
        self.check_dtype(payload.dtype())?;
        // A descriptor is only what the payload says of its bytes: they are counted as well.
        self.check_bytes(descriptor.bytes())?;
        Ok(way)
    }

    /// Checks the type: ports of different types take bytes, or payloads without a type.
    fn check_dtype(&self, found: Option<DType>) -> Result<(), PayloadError> {
        if found.is_some_and(|found| found != self.dtype.unwrap_or(DType::U8)) {
            return Err(PayloadError::Dtype);
        }
        Ok(())
    }

    fn check_bytes(&self, have: usize) -> Result<(), PayloadError> {
        let need = self.bytes;
        if have == need { Ok(()) } else { Err(PayloadError::Bytes { have, need }) }
    }

    fn check_space(&self, space: DeviceSpace) -> Result<(), PayloadError> {
        if space == self.space {
            return Ok(());
        }
        let (have, need) = (space.memory_class(), self.space.memory_class());
        Err(PayloadError::OtherDevice { have, need })
    }
}
