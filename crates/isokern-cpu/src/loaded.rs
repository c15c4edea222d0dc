//! A loaded model: one type for lent and for owned memory.

use core::ops::Range;

use isokern_core::compute::{MemoryClass, ModelMetadata, PortMetadata};
use isokern_core::{Batch, ComputeModel, InferenceError, InferenceErrorKind, Payload, PayloadMut};
use isokern_model::{AllOperators, Model, OperatorSet, Region};

use crate::arena::Arena;
use crate::instruction_set::InstructionSet;
use crate::payloads::{MEMORY, Packed, put, source, take, target};
use crate::program::{CpuProgram, bytes_mut};

/// A model on this CPU, loaded by a backend of this crate.
///
/// The payload methods copy in and out; [`input_mut`](Self::input_mut) and
/// [`run`](Self::run) work on the arena itself, which is the form for firmware.
/// One inference runs on the calling thread, without heap. `S` is the set of operators
/// that are linked.
#[derive(Debug)]
pub struct CpuModel<'m, S = AllOperators> {
    program: CpuProgram<'m, S>,
    arena: Arena<'m>,
    state: Arena<'m>,
    ready: bool,
}

impl<'m, S: OperatorSet> CpuModel<'m, S> {
    pub(crate) const fn lent(
        program: CpuProgram<'m, S>,
        arena: &'m mut [u8],
        state: &'m mut [u8],
    ) -> Self {
        Self { program, arena: Arena::Lent(arena), state: Arena::Lent(state), ready: false }
    }

    #[cfg(feature = "std")]
    pub(crate) fn owned(program: CpuProgram<'m, S>) -> Self {
        let (arena, state) = (Arena::unallocated(), Arena::unallocated());
        Self { program, arena, state, ready: false }
    }

    /// Prepares arena and state. The other methods need it once; again it does nothing.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::ResourceUnavailable`](isokern_core::InferenceErrorKind) where there
    /// is no memory for an arena of its own. It may be tried again.
    pub fn init(&mut self) -> Result<(), InferenceError> {
        if !self.ready {
            let model = self.program.model();
            self.arena.prepare(model.arena_bytes())?;
            self.state.prepare(model.state_bytes())?;
            model.reset_state(self.state.bytes());
            self.ready = true;
        }
        Ok(())
    }

    /// Returns the first input in the arena. A run may overwrite it.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init).
    pub fn input_mut(&mut self) -> Result<&mut [i8], InferenceError> {
        self.check_ready()?;
        self.program.input_in(self.arena.bytes())
    }

    /// Returns the bytes of the input at `position` in the arena. A run may overwrite them.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init);
    /// [`InferenceErrorKind::ShapeOrTypeMismatch`] if the model has no such input.
    pub fn input_at_mut(&mut self, position: usize) -> Result<&mut [u8], InferenceError> {
        self.check_ready()?;
        self.program.input_at_in(self.arena.bytes(), position)
    }

    /// Returns the bytes of the output at `position` in the arena: an answer once all operators
    /// have run, and until the next input is written.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init);
    /// [`InferenceErrorKind::ShapeOrTypeMismatch`] if the model has no such output.
    pub fn output_at(&mut self, position: usize) -> Result<&[u8], InferenceError> {
        self.check_ready()?;
        self.program.output_at_in(self.arena.bytes(), position)
    }

    /// Runs the model on what the inputs hold, and returns the first output in the arena.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init);
    /// [`InferenceErrorKind::ExecutionFailed`] if the program was built without an
    /// operator kind of the model.
    pub fn run(&mut self) -> Result<&[i8], InferenceError> {
        self.run_operators(0..usize::MAX)?;
        self.output()
    }

    /// Returns the first output in the arena: an answer once all operators have run, and until
    /// the next input is written.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init).
    pub fn output(&mut self) -> Result<&[i8], InferenceError> {
        self.check_ready()?;
        self.program.output_in(self.arena.bytes())
    }

    /// Runs some of the operators, in order, on what the ones before left.
    ///
    /// Running all operators in pieces gives the bytes of [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_operators(&mut self, range: Range<usize>) -> Result<(), InferenceError> {
        self.check_ready()?;
        self.program.run_with_state(self.arena.bytes(), self.state.bytes(), range)
    }

    /// Returns the first tensor that the operator at `index` wrote, if the last run ended right
    /// after it. `None` if there is no such operator; empty before [`init`](Self::init).
    #[must_use]
    pub fn operator_output(&mut self, index: usize) -> Option<&[i8]> {
        let model = self.program.model();
        let tensor = model.operator_site(index)?.output(0);
        let region = match tensor.region() {
            Region::Arena => self.arena.bytes(),
            Region::State => self.state.bytes(),
        };
        Some(bytemuck::must_cast_slice(bytes_mut(region, &tensor)))
    }

    /// Returns the state as the last run left it; empty for a model without.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init).
    pub fn state(&mut self) -> Result<&[u8], InferenceError> {
        self.check_ready()?;
        let state_bytes = self.program.model().state_bytes();
        Ok(self.state.bytes().get(..state_bytes).unwrap_or(&[]))
    }

    /// Runs the model once, from one payload to another. Several inputs are packed into one
    /// payload, one after the other; several outputs come in the same way.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and [`InferenceErrorKind::ShapeOrTypeMismatch`] for a
    /// payload of another length, element type or memory than the model's. A payload in
    /// device memory is refused as
    /// [`CODE_PAYLOAD_MEMORY`](crate::error::CODE_PAYLOAD_MEMORY): copy it to the host first,
    /// or load the model on that device. On an error the output payload is unchanged.
    pub fn infer_one<I, O>(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError>
    where
        I: Payload + ?Sized,
        O: PayloadMut + ?Sized,
    {
        self.check_ready()?;
        let model = self.program.model();
        Packed::inputs(&model).check(input)?;
        Packed::outputs(&model).check_mut(output)?;
        self.infer_checked(input, output)
    }

    /// Returns at once: a CPU model has no work outstanding.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init).
    pub fn drain(&mut self) -> Result<(), InferenceError> {
        self.check_ready()
    }

    /// Returns to the state after [`init`](Self::init): a zeroed arena, the initial contents.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init).
    pub fn reset(&mut self) -> Result<(), InferenceError> {
        self.check_ready()?;
        self.arena.bytes().fill(0);
        self.reset_state();
        Ok(())
    }

    /// Returns the model's description.
    #[must_use]
    pub fn metadata(&self) -> ModelMetadata {
        self.model().metadata(MemoryClass::Host, MemoryClass::Host).with_memory(MEMORY)
    }

    /// Returns the model as its bytes describe it.
    #[must_use]
    pub fn model(&self) -> Model<'_> {
        self.program.model()
    }

    /// Returns the loops it runs with.
    #[must_use]
    pub const fn instruction_set(&self) -> InstructionSet {
        self.program.instruction_set()
    }

    /// Restores the initial contents of the state.
    pub(crate) fn reset_state(&mut self) {
        self.program.model().reset_state(self.state.bytes());
    }

    /// Runs the model once, on payloads that were checked.
    fn infer_checked<I, O>(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError>
    where
        I: Payload + ?Sized,
        O: PayloadMut + ?Sized,
    {
        self.write_inputs(input)?;
        self.run_operators(0..usize::MAX)?;
        self.read_outputs(output)
    }

    /// Copies a checked payload to the inputs.
    pub(crate) fn write_inputs<I: Payload + ?Sized>(
        &mut self,
        payload: &I,
    ) -> Result<(), InferenceError> {
        let mut rest = source(payload)?;
        for position in 0..self.program.model().input_count() {
            rest = take(rest, self.program.input_at_in(self.arena.bytes(), position)?);
        }
        Ok(())
    }

    /// Copies the outputs to a checked payload.
    pub(crate) fn read_outputs<O: PayloadMut + ?Sized>(
        &mut self,
        payload: &mut O,
    ) -> Result<(), InferenceError> {
        let mut rest = target(payload)?;
        for position in 0..self.program.model().output_count() {
            rest = put(self.program.output_at_in(self.arena.bytes(), position)?, rest);
        }
        Ok(())
    }

    const fn check_ready(&self) -> Result<(), InferenceError> {
        if self.ready {
            Ok(())
        } else {
            Err(InferenceError::new(InferenceErrorKind::NotInitialized))
        }
    }
}

impl<I, O, S> ComputeModel<I, O> for CpuModel<'_, S>
where
    I: Payload + ?Sized,
    O: PayloadMut + ?Sized,
    S: OperatorSet,
{
    fn init(&mut self) -> Result<(), InferenceError> {
        CpuModel::init(self)
    }

    fn infer_one(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError> {
        CpuModel::infer_one(self, input, output)
    }

    fn infer_batch(&mut self, inputs: Batch<'_, I>, outputs: &mut [O]) -> Result<(), InferenceError>
    where
        I: Sized,
        O: Sized,
    {
        self.check_ready()?;
        let Some(outputs) = outputs.get_mut(..inputs.len()) else {
            return Err(InferenceError::new(InferenceErrorKind::ShapeOrTypeMismatch));
        };
        // All payloads are checked before any work, so a batch runs whole or not at all.
        let model = self.model();
        let (input, output) = (Packed::inputs(&model), Packed::outputs(&model));
        for (message, target) in inputs.iter().zip(outputs.iter_mut()) {
            input.check(message.payload())?;
            output.check_mut(target)?;
        }
        for (message, output) in inputs.iter().zip(outputs) {
            self.infer_checked(message.payload(), output)?;
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), InferenceError> {
        CpuModel::drain(self)
    }

    fn reset(&mut self) -> Result<(), InferenceError> {
        CpuModel::reset(self)
    }

    fn metadata(&self) -> ModelMetadata {
        CpuModel::metadata(self)
    }

    fn input_port(&self, position: usize) -> Option<PortMetadata> {
        self.model().input_port(position)
    }

    fn output_port(&self, position: usize) -> Option<PortMetadata> {
        self.model().output_port(position)
    }
}
