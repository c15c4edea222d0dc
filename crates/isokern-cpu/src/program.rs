//! A checked model without an arena: it runs in whichever arena it is given.

use core::marker::PhantomData;
use core::ops::Range;

#[cfg(feature = "std")]
use isokern_core::compute::ModelArtifact;
use isokern_core::{Cells, InferenceError, InferenceErrorKind};
use isokern_model::{AllOperators, Checked, Model, OperatorSet, Tensor};

use crate::error::{CODE_ARENA_TOO_SHORT, from_run};
use crate::instruction_set::InstructionSet;

/// A model and the loops it runs with.
///
/// [`CpuModel`](crate::CpuModel) keeps one with an arena of its own. Alone it is for arenas
/// that come and go, such as the lent buffers of a ring: the input is written into the arena,
/// the model runs there, and the output is read from it. Many arenas may be in use at once.
///
/// ```
/// use isokern_cpu::{CpuBackend, model};
///
/// model::include_model! {
///     pub mod digits = "../../../tests/models/digits.ikm";
/// }
///
/// let program = CpuBackend::new().load_program(digits::BLOB)?;
/// let mut arena = digits::Arena::new();
/// program.input_in(arena.as_mut_slice())?.fill(digits::INPUT_ZERO_POINT as i8);
/// program.run_in(arena.as_mut_slice())?;
/// assert_eq!(program.output_in(arena.as_mut_slice())?.len(), digits::OUTPUT_LEN);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CpuProgram<'m, S = AllOperators> {
    checked: Checked,
    bytes: Bytes<'m>,
    instructions: InstructionSet,
    operators: PhantomData<S>,
}

#[derive(Debug, Clone)]
enum Bytes<'m> {
    Lent(&'m [u8]),
    #[cfg(feature = "std")]
    Owned(ModelArtifact),
}

impl<'m, S: OperatorSet> CpuProgram<'m, S> {
    pub(crate) const fn lent(model: &Model<'m>, instructions: InstructionSet) -> Self {
        let bytes = Bytes::Lent(model.blob());
        Self { checked: model.checked(), bytes, instructions, operators: PhantomData }
    }

    #[cfg(feature = "std")]
    pub(crate) const fn owned(
        checked: Checked,
        artifact: ModelArtifact,
        instructions: InstructionSet,
    ) -> Self {
        let bytes = Bytes::Owned(artifact);
        Self { checked, bytes, instructions, operators: PhantomData }
    }

    /// The model as its bytes describe it.
    #[must_use]
    pub fn model(&self) -> Model<'_> {
        match &self.bytes {
            Bytes::Lent(blob) => self.checked.view(blob),
            #[cfg(feature = "std")]
            Bytes::Owned(artifact) => self.checked.view(artifact.bytes()),
        }
    }

    /// The loops it runs with.
    #[must_use]
    pub const fn instruction_set(&self) -> InstructionSet {
        self.instructions
    }

    /// The input tensor in an arena. A run may overwrite it.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::ResourceUnavailable`] when the arena is shorter than the model
    /// needs.
    pub fn input_in<'a>(&self, arena: &'a mut [u8]) -> Result<&'a mut [i8], InferenceError> {
        let model = self.model();
        Ok(slice_mut(fitting(arena, &model)?, &model.input()))
    }

    /// The output tensor in an arena: an answer once all operators have run there, and until
    /// the next input is written.
    ///
    /// # Errors
    ///
    /// As [`input_in`](Self::input_in).
    pub fn output_in<'a>(&self, arena: &'a mut [u8]) -> Result<&'a [i8], InferenceError> {
        let model = self.model();
        Ok(slice_mut(fitting(arena, &model)?, &model.output()))
    }

    /// Runs the model on the input in an arena.
    ///
    /// # Errors
    ///
    /// As [`input_in`](Self::input_in); [`InferenceErrorKind::ExecutionFailed`] if the
    /// program was built without an operator kind of the model.
    pub fn run_in(&self, arena: &mut [u8]) -> Result<(), InferenceError> {
        self.run_operators_in(arena, 0..usize::MAX)
    }

    /// Runs some of the operators, in order, on what the ones before left in the arena.
    ///
    /// Running all operators in pieces gives the bytes of [`run_in`](Self::run_in).
    ///
    /// # Errors
    ///
    /// As [`run_in`](Self::run_in).
    pub fn run_operators_in(
        &self,
        arena: &mut [u8],
        range: Range<usize>,
    ) -> Result<(), InferenceError> {
        let model = self.model();
        let arena = bytemuck::must_cast_slice_mut(fitting(arena, &model)?);
        self.instructions.run::<S>(&model, Cells::from_mut(arena), range).map_err(from_run)
    }
}

/// The part of an arena that the model uses.
fn fitting<'a>(arena: &'a mut [u8], model: &Model<'_>) -> Result<&'a mut [u8], InferenceError> {
    arena.get_mut(..model.arena_bytes()).ok_or(
        InferenceError::new(InferenceErrorKind::ResourceUnavailable)
            .with_code(CODE_ARENA_TOO_SHORT),
    )
}

/// The tensor's place in the arena; inside for a checked model.
pub(crate) fn slice_mut<'a>(arena: &'a mut [u8], tensor: &Tensor) -> &'a mut [i8] {
    let start = tensor.arena_offset();
    bytemuck::must_cast_slice_mut(arena.get_mut(start..start + tensor.len()).unwrap_or(&mut []))
}
