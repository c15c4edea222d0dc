//! A model as a batch kernel with a safe point after every operator.

use isokern_core::call::SingleOwner;
use isokern_core::kernel::safe_point;
use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, Payload, PayloadMut};
use isokern_model::{AllOperators, OperatorSet};

use crate::loaded::CpuModel;
use crate::payloads::Packed;

/// A [`CpuModel`] used through `&self`, which gives its caller a look after every operator.
///
/// A limit stops the model at the next operator: its future is dropped there and the
/// model is free for the next call. Calls do not wait for each other: while one runs,
/// another is refused with [`KernelError::Busy`]; give each worker a kernel of its own.
///
/// A model with state takes its inputs as one stream, in the order of the calls. A call that a
/// limit or an error stopped leaves no half step: the state is the initial one then, so the next
/// call begins a new stream. [`reset`](Self::reset) begins one at any time.
///
/// `O` is the type of the answers, with the model's output length: `[i8; N]`, or `Vec<i8>`
/// with `std`. Needs a target with atomic swap, so not a Cortex-M0.
///
/// ```
/// use isokern_cpu::core::{BatchKernel, KernelMetadata, KernelMode, ModelSource};
/// use isokern_cpu::{CpuBackend, CpuKernel, model};
///
/// model::include_model! {
///     pub mod digits = "../../../tests/models/digits.ikm";
/// }
///
/// const METADATA: KernelMetadata = KernelMetadata::new("digits", KernelMode::Batch);
/// let mut arena = digits::Arena::new();
/// let model = CpuBackend::new().load(ModelSource::new(digits::BLOB, arena.as_mut_slice()))?;
/// let kernel = CpuKernel::try_new(METADATA, model, [0_i8; digits::OUTPUT_LEN])?;
/// let scores = pollster::block_on(kernel.execute([0_i8; digits::INPUT_LEN]))?;
/// assert_eq!(scores.len(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CpuKernel<'m, O, S = AllOperators> {
    metadata: KernelMetadata,
    model: SingleOwner<CpuModel<'m, S>>,
    input: Packed,
    blank: O,
}

impl<'m, O: PayloadMut, S: OperatorSet> CpuKernel<'m, O, S> {
    /// Takes a model over and makes it ready. Answers start as copies of `blank`.
    ///
    /// # Errors
    ///
    /// [`KernelError::Inference`] of [`CpuModel::init`];
    /// [`KernelError::InvalidConfiguration`] when `blank` is not as long as the model's
    /// outputs, or not of their type.
    pub fn try_new(
        metadata: KernelMetadata,
        mut model: CpuModel<'m, S>,
        mut blank: O,
    ) -> Result<Self, KernelError> {
        model.init()?;
        if Packed::outputs(&model.model()).check_mut(&mut blank).is_err() {
            let reason = "the answer's type is not of the model's output length and type";
            return Err(KernelError::InvalidConfiguration { reason });
        }
        let input = Packed::inputs(&model.model());
        Ok(Self { metadata, model: SingleOwner::new(model), input, blank })
    }

    /// Restores the initial state: the next call begins a new stream.
    ///
    /// # Errors
    ///
    /// [`KernelError::Busy`] while a call runs.
    pub fn reset(&self) -> Result<(), KernelError> {
        Ok(self.model.try_own()?.reset()?)
    }

    /// Returns the model.
    #[must_use]
    pub fn into_model(self) -> CpuModel<'m, S> {
        self.model.into_inner()
    }
}

impl<O: Send + Sync, S: OperatorSet + Send> GpuKernel for CpuKernel<'_, O, S> {
    fn metadata(&self) -> &KernelMetadata {
        &self.metadata
    }
}

impl<I, O, S> BatchKernel<I, O> for CpuKernel<'_, O, S>
where
    I: Payload + Send + Sync,
    O: PayloadMut + Clone + Send + Sync,
    S: OperatorSet + Send,
{
    fn validate_input(&self, input: &I) -> Result<(), KernelError> {
        self.input.check(input).map_err(|_| KernelError::InvalidInput {
            reason: "the payload is not of the model's input length and type",
        })
    }

    async fn execute(&self, input: I) -> Result<O, KernelError> {
        let mut model = self.model.try_own()?;
        self.input.check(&input)?;
        model.write_inputs(&input)?;
        drop(input);
        let step = Step { model: &mut model };
        let operator_count = step.model.model().operator_count();
        for index in 0..operator_count {
            if index > 0 {
                safe_point().await;
            }
            step.model.run_operators(index..index + 1)?;
        }
        step.end();
        let mut output = self.blank.clone();
        model.read_outputs(&mut output)?;
        Ok(output)
    }
}

/// A step that is under way. Dropped before its end, it restores the initial state: half a step
/// is a state that no whole one gives.
struct Step<'k, 'm, S: OperatorSet> {
    model: &'k mut CpuModel<'m, S>,
}

impl<S: OperatorSet> Step<'_, '_, S> {
    /// Keeps what the step made.
    fn end(self) {
        core::mem::forget(self);
    }
}

impl<S: OperatorSet> Drop for Step<'_, '_, S> {
    fn drop(&mut self) {
        self.model.reset_state();
    }
}
