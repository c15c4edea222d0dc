//! A loaded model: one type for lent and for owned memory.

mod arena;

use core::ops::Range;

use isokern_core::compute::{MemoryClass, ModelMetadata};
use isokern_core::{Batch, ComputeModel, InferenceError, InferenceErrorKind, Payload, PayloadMut};
use isokern_model::{AllOperators, Model, OperatorSet};

use crate::instruction_set::InstructionSet;
use crate::port;
use crate::program::{CpuProgram, slice_mut};
use arena::Arena;

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
    ready: bool,
}

impl<'m, S: OperatorSet> CpuModel<'m, S> {
    pub(crate) const fn lent(program: CpuProgram<'m, S>, arena: &'m mut [u8]) -> Self {
        Self { program, arena: Arena::Lent(arena), ready: false }
    }

    #[cfg(feature = "std")]
    pub(crate) fn owned(program: CpuProgram<'m, S>) -> Self {
        Self { program, arena: Arena::unallocated(), ready: false }
    }

    /// Prepares the arena. The other methods need it once; again it does nothing.
    ///
    /// # Errors
    ///
    /// None today; the contract leaves room for backends that allocate.
    pub fn init(&mut self) -> Result<(), InferenceError> {
        if !self.ready {
            self.arena.prepare(self.program.model().arena_bytes());
            self.ready = true;
        }
        Ok(())
    }

    /// The input tensor in the arena. A run may overwrite it.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init).
    pub fn input_mut(&mut self) -> Result<&mut [i8], InferenceError> {
        self.check_ready()?;
        self.program.input_in(self.arena.bytes())
    }

    /// Runs the model on what [`input_mut`](Self::input_mut) holds and returns the
    /// output tensor in the arena.
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

    /// The output tensor in the arena: an answer once all operators have run, and until
    /// the next input is written.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init).
    pub fn output(&mut self) -> Result<&[i8], InferenceError> {
        self.check_ready()?;
        self.program.output_in(self.arena.bytes())
    }

    /// Runs some of the operators, in order, on what the ones before left behind.
    ///
    /// Running all operators in pieces gives the bytes of [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_operators(&mut self, range: Range<usize>) -> Result<(), InferenceError> {
        self.check_ready()?;
        self.program.run_operators_in(self.arena.bytes(), range)
    }

    /// What the operator at `index` wrote, if the last run ended right behind it.
    /// `None` if there is no such operator; empty before [`init`](Self::init).
    #[must_use]
    pub fn operator_output(&mut self, index: usize) -> Option<&[i8]> {
        let model = self.program.model();
        let (_, output) = model.operator_tensors(index)?;
        let tensor = model.tensor(output.into());
        Some(slice_mut(self.arena.bytes(), &tensor))
    }

    /// Runs the model once, from one payload to another.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and [`InferenceErrorKind::ShapeOrTypeMismatch`] for a
    /// payload of another length, element type or memory than the tensor's. On an
    /// error the output payload is unchanged.
    pub fn infer_one<I, O>(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError>
    where
        I: Payload + ?Sized,
        O: PayloadMut + ?Sized,
    {
        self.check_ready()?;
        let model = self.program.model();
        port::check(input, &model.input())?;
        port::check(output, &model.output())?;
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

    /// Returns to the state after [`init`](Self::init): a zeroed arena.
    ///
    /// # Errors
    ///
    /// [`InferenceErrorKind::NotInitialized`] before [`init`](Self::init).
    pub fn reset(&mut self) -> Result<(), InferenceError> {
        self.check_ready()?;
        self.arena.bytes().fill(0);
        Ok(())
    }

    /// The model's description.
    #[must_use]
    pub fn metadata(&self) -> ModelMetadata {
        self.model().metadata(MemoryClass::Host, MemoryClass::Host)
    }

    /// The model as its bytes describe it.
    #[must_use]
    pub fn model(&self) -> Model<'_> {
        self.program.model()
    }

    /// The loops it runs with.
    #[must_use]
    pub const fn instruction_set(&self) -> InstructionSet {
        self.program.instruction_set()
    }

    /// Runs the model once, on payloads that were checked.
    fn infer_checked<I, O>(&mut self, input: &I, output: &mut O) -> Result<(), InferenceError>
    where
        I: Payload + ?Sized,
        O: PayloadMut + ?Sized,
    {
        port::write(input, self.input_mut()?);
        port::read(self.run()?, output);
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
        for (message, output) in inputs.iter().zip(outputs.iter()) {
            port::check(message.payload(), &model.input())?;
            port::check(output, &model.output())?;
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
}
