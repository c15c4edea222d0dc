//! A checked model without an arena: it runs in whichever arena it is given.

use core::marker::PhantomData;
use core::ops::Range;

#[cfg(feature = "std")]
use isokern_core::compute::ModelArtifact;
use isokern_core::{Cells, InferenceError, InferenceErrorKind};
#[cfg(feature = "std")]
use isokern_model::Checked;
use isokern_model::{AllOperators, Memory, Model, OperatorSet, Progress, RunError, Tensor};

use crate::error::{CODE_ARENA_TOO_SHORT, CODE_NO_PORT, CODE_STATE_TOO_SHORT, from_run};
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
    bytes: Bytes<'m>,
    instructions: InstructionSet,
    operators: PhantomData<S>,
}

#[derive(Debug, Clone)]
enum Bytes<'m> {
    Lent(Model<'m>),
    #[cfg(feature = "std")]
    Owned(ModelArtifact, Checked),
}

impl<'m, S: OperatorSet> CpuProgram<'m, S> {
    pub(crate) const fn lent(model: &Model<'m>, instructions: InstructionSet) -> Self {
        Self { bytes: Bytes::Lent(*model), instructions, operators: PhantomData }
    }

    #[cfg(feature = "std")]
    pub(crate) const fn owned(
        checked: Checked,
        artifact: ModelArtifact,
        instructions: InstructionSet,
    ) -> Self {
        let bytes = Bytes::Owned(artifact, checked);
        Self { bytes, instructions, operators: PhantomData }
    }

    /// Returns the model as its bytes describe it.
    #[must_use]
    pub fn model(&self) -> Model<'_> {
        match &self.bytes {
            Bytes::Lent(model) => *model,
            #[cfg(feature = "std")]
            Bytes::Owned(artifact, checked) => checked.view(artifact.bytes()),
        }
    }

    /// Returns the loops it runs with.
    #[must_use]
    pub const fn instruction_set(&self) -> InstructionSet {
        self.instructions
    }

    /// Returns the first input in an arena. A run may overwrite it.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::ResourceUnavailable`] when the arena is shorter than the model
    /// needs.
    pub fn input_in<'a>(&self, arena: &'a mut [u8]) -> Result<&'a mut [i8], InferenceError> {
        self.input_at_in(arena, 0).map(bytemuck::must_cast_slice_mut)
    }

    /// Returns the first output in an arena: an answer once all operators have run there, and until
    /// the next input is written.
    ///
    /// # Errors
    ///
    /// As [`input_in`](Self::input_in).
    pub fn output_in<'a>(&self, arena: &'a mut [u8]) -> Result<&'a [i8], InferenceError> {
        self.output_at_in(arena, 0).map(bytemuck::must_cast_slice)
    }

    /// Returns the bytes of the input at `position` in an arena.
    ///
    /// # Errors
    ///
    /// As [`input_in`](Self::input_in), and [`InferenceErrorKind::ShapeOrTypeMismatch`] if the
    /// model has no such input.
    pub fn input_at_in<'a>(
        &self,
        arena: &'a mut [u8],
        position: usize,
    ) -> Result<&'a mut [u8], InferenceError> {
        self.with_model(|model| {
            Ok(bytes_mut(fitting(arena, model)?, &port(model.input_at(position))?))
        })
    }

    /// Returns the bytes of the output at `position` in an arena.
    ///
    /// # Errors
    ///
    /// As [`input_in`](Self::input_in), and [`InferenceErrorKind::ShapeOrTypeMismatch`] if the
    /// model has no such output.
    pub fn output_at_in<'a>(
        &self,
        arena: &'a mut [u8],
        position: usize,
    ) -> Result<&'a [u8], InferenceError> {
        self.with_model(|model| {
            Ok(&*bytes_mut(fitting(arena, model)?, &port(model.output_at(position))?))
        })
    }

    /// Runs a model without state on the inputs in an arena.
    ///
    /// # Errors
    ///
    /// As [`input_in`](Self::input_in); [`InferenceErrorKind::ExecutionFailed`] if the
    /// program was built without an operator kind of the model;
    /// [`InferenceErrorKind::ResourceUnavailable`] if the model has state: see
    /// [`run_with_state`](Self::run_with_state).
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
        self.run_with_state(arena, &mut [], range)
    }

    /// Runs some of the operators with the state of a stream, which they may change.
    ///
    /// `state` holds what the run before left, or at first what
    /// [`Model::reset_state`] writes.
    ///
    /// # Errors
    ///
    /// As [`run_in`](Self::run_in), and [`InferenceErrorKind::ResourceUnavailable`] if `state`
    /// is shorter than the model needs.
    pub fn run_with_state(
        &self,
        arena: &mut [u8],
        state: &mut [u8],
        range: Range<usize>,
    ) -> Result<(), InferenceError> {
        let run = |model: &Model<'_>, memory: &Memory<'_>| {
            self.instructions.run::<S>(model, memory, range)
        };
        self.with_memory(arena, state, run)?.map_err(from_run)
    }

    /// Runs the operators from `first` on with the state of a stream, and asks `stops` before each
    /// but the first whether to stop there.
    ///
    /// At least one operator runs. Going on at [`Progress::Stopped`]'s operator, in the same arena
    /// and with the same state, gives the bytes of [`run_in`](Self::run_in).
    ///
    /// # Errors
    ///
    /// As [`run_with_state`](Self::run_with_state).
    pub fn run_until(
        &self,
        arena: &mut [u8],
        state: &mut [u8],
        first: u32,
        stops: impl FnMut(u32) -> bool,
    ) -> Result<Progress, InferenceError> {
        self.try_until(arena, state, first, stops)?.map_err(from_run)
    }

    /// Works as [`run_until`](Self::run_until), with errors of operators apart from those of
    /// memory.
    pub(crate) fn try_until(
        &self,
        arena: &mut [u8],
        state: &mut [u8],
        first: u32,
        stops: impl FnMut(u32) -> bool,
    ) -> Result<Result<Progress, RunError>, InferenceError> {
        self.with_memory(arena, state, |model, memory| {
            self.instructions.run_until::<S>(model, memory, first, stops)
        })
    }

    /// Calls `run` with the model and its memory, which is long enough then.
    #[inline]
    fn with_memory<R>(
        &self,
        arena: &mut [u8],
        state: &mut [u8],
        run: impl FnOnce(&Model<'_>, &Memory<'_>) -> R,
    ) -> Result<R, InferenceError> {
        self.with_model(|model| {
            let state = state.get_mut(..model.state_bytes()).ok_or(
                InferenceError::new(InferenceErrorKind::ResourceUnavailable)
                    .with_code(CODE_STATE_TOO_SHORT),
            )?;
            let memory = Memory {
                arena: Cells::from_mut(bytemuck::must_cast_slice_mut(fitting(arena, model)?)),
                state: Cells::from_mut(bytemuck::must_cast_slice_mut(state)),
            };
            Ok(run(model, &memory))
        })
    }

    /// Calls `with` with the model; what is lent is not copied.
    #[inline]
    fn with_model<R>(&self, with: impl FnOnce(&Model<'_>) -> R) -> R {
        match &self.bytes {
            Bytes::Lent(model) => with(model),
            #[cfg(feature = "std")]
            Bytes::Owned(artifact, checked) => with(&checked.view(artifact.bytes())),
        }
    }
}

/// Returns the part of an arena that the model uses.
fn fitting<'a>(arena: &'a mut [u8], model: &Model<'_>) -> Result<&'a mut [u8], InferenceError> {
    arena.get_mut(..model.arena_bytes()).ok_or(
        InferenceError::new(InferenceErrorKind::ResourceUnavailable)
            .with_code(CODE_ARENA_TOO_SHORT),
    )
}

/// Returns an input or output; an error for the empty tensor that represents none.
fn port(tensor: Tensor) -> Result<Tensor, InferenceError> {
    if tensor.is_empty() {
        let mismatch = InferenceError::new(InferenceErrorKind::ShapeOrTypeMismatch);
        return Err(mismatch.with_code(CODE_NO_PORT));
    }
    Ok(tensor)
}

/// Returns the tensor's place in its region; inside for a checked model.
pub(crate) fn bytes_mut<'a>(region: &'a mut [u8], tensor: &Tensor) -> &'a mut [u8] {
    let start = tensor.offset();
    region.get_mut(start..start + tensor.bytes()).unwrap_or(&mut [])
}
