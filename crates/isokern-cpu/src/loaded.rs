//! A loaded model: one type for lent and for owned memory.

mod storage;

use core::marker::PhantomData;
use core::ops::Range;

#[cfg(feature = "std")]
use isokern_core::ModelArtifact;
use isokern_core::{
    Batch, Cells, ComputeModel, InferenceError, InferenceErrorKind, ModelMetadata, Payload,
    PayloadMut,
};
#[cfg(feature = "std")]
use isokern_model::Checked;
use isokern_model::{AllOperators, Model, OperatorSet, Tensor};

use crate::error::from_run;
use crate::instruction_set::InstructionSet;
use crate::port;
use storage::Storage;

/// A model on this CPU, loaded by a backend of this crate.
///
/// The payload methods copy in and out; [`input_mut`](Self::input_mut) and
/// [`run`](Self::run) work on the arena itself, which is the form for firmware.
/// One inference runs on the calling thread, without heap. `S` is the set of operators
/// that are linked.
#[derive(Debug)]
pub struct CpuModel<'m, S = AllOperators> {
    storage: Storage<'m>,
    instructions: InstructionSet,
    ready: bool,
    operators: PhantomData<S>,
}

impl<'m, S: OperatorSet> CpuModel<'m, S> {
    pub(crate) const fn lent(
        model: &Model<'m>,
        arena: &'m mut [u8],
        instructions: InstructionSet,
    ) -> Self {
        let storage = Storage::lent(model, arena);
        Self { storage, instructions, ready: false, operators: PhantomData }
    }

    #[cfg(feature = "std")]
    pub(crate) fn owned(
        checked: Checked,
        artifact: ModelArtifact,
        instructions: InstructionSet,
    ) -> Self {
        let storage = Storage::owned(checked, artifact);
        Self { storage, instructions, ready: false, operators: PhantomData }
    }

    /// Prepares the arena. The other methods need it once; again it does nothing.
    ///
    /// # Errors
    ///
    /// None today; the contract leaves room for backends that allocate.
    pub fn init(&mut self) -> Result<(), InferenceError> {
        if !self.ready {
            self.storage.prepare();
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
        let (model, arena) = self.storage.parts();
        Ok(slice_mut(arena, &model.input()))
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
        let (model, arena) = self.storage.parts();
        Ok(slice(arena, &model.output()))
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
        let instructions = self.instructions;
        let (model, arena) = self.storage.parts();
        let arena = Cells::from_mut(bytemuck::must_cast_slice_mut(arena));
        instructions.run::<S>(&model, arena, range).map_err(from_run)
    }

    /// What the operator at `index` wrote, if the last run ended right behind it.
    /// `None` if there is no such operator; empty before [`init`](Self::init).
    #[must_use]
    pub fn operator_output(&mut self, index: usize) -> Option<&[i8]> {
        let (model, arena) = self.storage.parts();
        let op = model.op(index)?;
        Some(slice(arena, op.output()))
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
        let (model, _) = self.storage.parts();
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
        let (_, arena) = self.storage.parts();
        arena.fill(0);
        Ok(())
    }

    /// The model's description.
    #[must_use]
    pub fn metadata(&self) -> ModelMetadata {
        port::metadata(&self.model())
    }

    /// The model as its bytes describe it.
    #[must_use]
    pub fn model(&self) -> Model<'_> {
        self.storage.model()
    }

    /// The loops it runs with.
    #[must_use]
    pub const fn instruction_set(&self) -> InstructionSet {
        self.instructions
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

/// The tensor's place in the arena; inside for a checked model.
fn slice<'a>(arena: &'a [u8], tensor: &Tensor) -> &'a [i8] {
    let start = tensor.arena_offset();
    bytemuck::must_cast_slice(arena.get(start..start + tensor.len()).unwrap_or(&[]))
}

fn slice_mut<'a>(arena: &'a mut [u8], tensor: &Tensor) -> &'a mut [i8] {
    let start = tensor.arena_offset();
    bytemuck::must_cast_slice_mut(arena.get_mut(start..start + tensor.len()).unwrap_or(&mut []))
}
