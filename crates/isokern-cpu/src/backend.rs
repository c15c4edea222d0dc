//! The backend that firmware links: bytes and memory are lent, nothing is owned.

use core::marker::PhantomData;

use isokern_core::compute::BackendCapabilities;
use isokern_core::{ComputeBackend, ModelSource, Payload, PayloadMut};
use isokern_model::{AllOperators, Model, OperatorSet};

use crate::error::LoadError;
use crate::instruction_set::InstructionSet;
use crate::loaded::CpuModel;
use crate::payloads;
use crate::program::CpuProgram;

/// Runs models in place, in an arena the caller lends.
///
/// The lifetime is that of bytes and arena. With feature `std` the vector loops of
/// the processor are used for what they can read in place: weights in the packed
/// layout (`isokern convert --layout packed`), depthwise kernels and additions.
#[derive(Debug, Clone, Copy)]
pub struct CpuBackend<'m, S = AllOperators> {
    instructions: InstructionSet,
    lent: PhantomData<(&'m mut [u8], S)>,
}

impl CpuBackend<'_> {
    /// Returns a backend for every operator, with the fastest loops of this processor.
    #[must_use]
    pub fn new() -> Self {
        Self::for_operators()
    }
}

impl<'m, S: OperatorSet> CpuBackend<'m, S> {
    /// Returns a backend for the operators of `S`, with the fastest loops of this processor.
    ///
    /// Code of plain and `smlad` loops for other operators is not linked.
    /// `include_model!` makes the set of a model, as `Operators`:
    ///
    /// ```
    /// # use isokern_cpu::{CpuBackend, core::ModelSource, model};
    /// model::include_model! {
    ///     pub mod digits = "../../../tests/models/digits.ikm";
    /// }
    ///
    /// let mut arena = digits::Arena::new();
    /// let backend = CpuBackend::<digits::Operators>::for_operators();
    /// backend.load(ModelSource::new(digits::BLOB, arena.as_mut_slice()))?;
    /// # Ok::<(), isokern_cpu::LoadError>(())
    /// ```
    #[must_use]
    pub fn for_operators() -> Self {
        Self { instructions: InstructionSet::detect(), lent: PhantomData }
    }

    /// Returns the same backend with these loops.
    #[must_use]
    pub const fn with_instruction_set(self, instructions: InstructionSet) -> Self {
        Self { instructions, ..self }
    }

    /// Returns what the backend can do.
    #[must_use]
    pub const fn capabilities(&self) -> BackendCapabilities {
        payloads::CAPABILITIES
    }

    /// Checks a model and takes arena and state on loan. It runs after
    /// [`init`](CpuModel::init).
    ///
    /// # Errors
    ///
    /// [`LoadError`]: the bytes are no model this build runs, or the arena or the state is short.
    pub fn load(&self, source: ModelSource<'m>) -> Result<CpuModel<'m, S>, LoadError> {
        let program = self.load_program(source.bytes)?;
        let (have, need) = (source.arena.len(), program.model().arena_bytes());
        let arena = source.arena.get_mut(..need).ok_or(LoadError::ArenaTooShort { have, need })?;
        let (have, need) = (source.state.len(), program.model().state_bytes());
        let state = source.state.get_mut(..need).ok_or(LoadError::StateTooShort { have, need })?;
        Ok(CpuModel::lent(program, arena, state))
    }

    /// Checks a model, which will run in arenas that are given to it.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: the bytes are no model this build runs.
    pub fn load_program(&self, bytes: &'m [u8]) -> Result<CpuProgram<'m, S>, LoadError> {
        let model = Model::parse_for::<S>(bytes)?;
        Ok(CpuProgram::lent(&model, self.instructions))
    }
}

impl Default for CpuBackend<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'m, I, O, S> ComputeBackend<I, O> for CpuBackend<'m, S>
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
    S: OperatorSet,
{
    type Model = CpuModel<'m, S>;
    type Error = LoadError;
    type ModelDescriptor<'desc>
        = ModelSource<'m>
    where
        Self: 'desc;

    fn capabilities(&self) -> BackendCapabilities {
        CpuBackend::capabilities(self)
    }

    fn load_model<'desc>(&self, source: ModelSource<'m>) -> Result<Self::Model, LoadError> {
        self.load(source)
    }
}
