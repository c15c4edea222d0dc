//! A model as a batch kernel with a safe point after every operator.

use isokern_core::call::SingleOwner;
use isokern_core::kernel::safe_point;
use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, Payload, PayloadMut};
use isokern_model::{AllOperators, OperatorSet};

use crate::loaded::CpuModel;
use crate::port::Packed;

/// A [`CpuModel`] behind `&self`, which gives its caller a look after every operator.
///
/// A limit stops the model at the next operator: its future is dropped there and the
/// model is free for the next call. Calls do not wait for each other: while one runs,
/// another is refused with [`KernelError::Busy`]; give each worker a kernel of its own.
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
    /// outputs, or not of their type, or the model keeps state between runs.
    pub fn try_new(
        metadata: KernelMetadata,
        mut model: CpuModel<'m, S>,
        mut blank: O,
    ) -> Result<Self, KernelError> {
        model.init()?;
        if model.model().state_bytes() > 0 {
            // A limit would leave a state that no whole run gives.
            let reason = "the model keeps state between runs; step it with `CpuModel`";
            return Err(KernelError::InvalidConfiguration { reason });
        }
        if Packed::outputs(&model.model()).check_mut(&mut blank).is_err() {
            let reason = "the answer's type is not of the model's output length and type";
            return Err(KernelError::InvalidConfiguration { reason });
        }
        let input = Packed::inputs(&model.model());
        Ok(Self { metadata, model: SingleOwner::new(model), input, blank })
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
        let operator_count = model.model().operator_count();
        for index in 0..operator_count {
            if index > 0 {
                safe_point().await;
            }
            model.run_operators(index..index + 1)?;
        }
        let mut output = self.blank.clone();
        model.read_outputs(&mut output)?;
        Ok(output)
    }
}
