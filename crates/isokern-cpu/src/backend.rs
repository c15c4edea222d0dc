//! The backend that firmware links: bytes and memory are lent, nothing is owned.

use core::marker::PhantomData;

use isokern_core::{
    BackendCapabilities, ComputeBackend, DType, ModeSet, ModelSource, Payload, PayloadMut,
};
use isokern_model::Model;

use crate::error::LoadError;
use crate::instruction_set::InstructionSet;
use crate::loaded::CpuModel;
use crate::port;

/// Runs models in place, in an arena the caller lends.
///
/// The lifetime is that of bytes and arena. With feature `std` the vector loops of
/// the processor are used for what they can read in place: weights in the packed
/// layout (`isokern convert --layout packed`), depthwise kernels and additions.
#[derive(Debug, Clone, Copy)]
pub struct CpuBackend<'m> {
    instructions: InstructionSet,
    lent: PhantomData<&'m mut [u8]>,
}

impl<'m> CpuBackend<'m> {
    /// A backend that uses the fastest loops of this processor.
    #[must_use]
    pub fn new() -> Self {
        Self::with_instruction_set(InstructionSet::detect())
    }

    /// A backend that uses these loops.
    #[must_use]
    pub const fn with_instruction_set(instructions: InstructionSet) -> Self {
        Self { instructions, lent: PhantomData }
    }

    /// What the backend can do.
    #[must_use]
    pub const fn capabilities(&self) -> BackendCapabilities {
        BackendCapabilities::new(false, None, DType::I8.mask())
            .with_modes(ModeSet::empty().with_batch())
            .with_memory(port::MEMORY)
    }

    /// Checks a model and takes the arena on loan. It runs after
    /// [`init`](CpuModel::init).
    ///
    /// # Errors
    ///
    /// [`LoadError`]: the bytes are no model this build runs, or the arena is short.
    pub fn load(&self, source: ModelSource<'m>) -> Result<CpuModel<'m>, LoadError> {
        let model = Model::parse(source.bytes)?;
        let (have, need) = (source.arena.len(), model.arena_bytes());
        let arena = source.arena.get_mut(..need).ok_or(LoadError::ArenaTooShort { have, need })?;
        Ok(CpuModel::lent(&model, arena, self.instructions))
    }
}

impl Default for CpuBackend<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'m, I, O> ComputeBackend<I, O> for CpuBackend<'m>
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
{
    type Model = CpuModel<'m>;
    type Error = LoadError;
    type ModelDescriptor<'desc>
        = ModelSource<'m>
    where
        Self: 'desc;

    fn capabilities(&self) -> BackendCapabilities {
        CpuBackend::capabilities(self)
    }

    fn load_model<'desc>(&self, source: ModelSource<'m>) -> Result<CpuModel<'m>, LoadError> {
        self.load(source)
    }
}
