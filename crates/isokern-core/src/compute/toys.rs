//! Two toy backends for the tests: one that borrows its memory, one that fails.

use core::marker::PhantomData;

use super::{
    BackendCapabilities, BackendError, ComputeBackend, ComputeModel, DType, InferenceError,
    InferenceErrorKind, MemoryClass, ModelMetadata, ModelSource, Payload, PayloadMut,
};

/// Adds the model's one byte to every byte of the input, by way of the arena.
#[derive(Default)]
pub(crate) struct Adder<'m>(PhantomData<&'m mut [u8]>);

pub(crate) struct AdderModel<'m> {
    addend: &'m u8,
    arena: &'m mut [u8],
    is_ready: bool,
    pub(crate) step_count: u32,
}

impl<'m, I, O> ComputeBackend<I, O> for Adder<'m>
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    type Model = AdderModel<'m>;
    type Error = InferenceError;
    type ModelDescriptor<'desc>
        = ModelSource<'m>
    where
        Self: 'desc;

    fn capabilities(&self) -> BackendCapabilities {
        BackendCapabilities::new(false, None, DType::I8.mask())
    }

    fn load_model<'desc>(&self, desc: ModelSource<'m>) -> Result<Self::Model, Self::Error> {
        let [addend] = desc.bytes else {
            return Err(InferenceErrorKind::InvalidArtifact.into());
        };
        Ok(AdderModel { addend, arena: desc.arena, is_ready: false, step_count: 0 })
    }
}

impl<I, O> ComputeModel<I, O> for AdderModel<'_>
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    fn init(&mut self) -> Result<(), InferenceError> {
        self.is_ready = true;
        Ok(())
    }

    fn infer_one(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError> {
        if !self.is_ready {
            return Err(InferenceErrorKind::NotInitialized.into());
        }
        let mismatch = InferenceErrorKind::ShapeOrTypeMismatch;
        let right_types =
            [input.dtype(), output.dtype()].iter().all(|d| d.is_none_or(|d| d == DType::I8));
        let input_bytes = input.host_bytes().ok_or(mismatch)?;
        let target = output.host_bytes_mut().ok_or(mismatch)?;
        let right_lengths = [input_bytes.len(), target.len()] == [self.arena.len(); 2];
        if !right_types || !right_lengths {
            return Err(mismatch.into());
        }
        self.step_count += 1;
        self.arena.copy_from_slice(input_bytes);
        for byte in self.arena.iter_mut() {
            *byte = byte.wrapping_add(*self.addend);
        }
        target.copy_from_slice(self.arena);
        Ok(())
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        Ok(())
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        self.step_count = 0;
        Ok(())
    }

    fn metadata(&self) -> ModelMetadata {
        let bytes = Some(self.arena.len());
        ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, bytes, bytes)
            .with_arena_bytes(self.arena.len())
    }
}

/// A device that is not there; its model is never made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absent;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no device: {0}")]
pub(crate) struct AbsentError(BackendError);

impl From<AbsentError> for InferenceError {
    fn from(error: AbsentError) -> Self {
        error.0.into()
    }
}

pub(crate) const ABSENT: AbsentError =
    AbsentError(BackendError::UnsupportedFeature { feature: "any device" });

impl<I, O> ComputeBackend<I, O> for Absent
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    type Model = AdderModel<'static>;
    type Error = AbsentError;
    type ModelDescriptor<'desc> = &'desc [u8];

    fn capabilities(&self) -> BackendCapabilities {
        BackendCapabilities::new(true, Some(8), DType::I8.mask() | DType::F32.mask())
    }

    fn load_model<'desc>(
        &self,
        _: Self::ModelDescriptor<'desc>,
    ) -> Result<Self::Model, Self::Error> {
        Err(ABSENT)
    }
}
