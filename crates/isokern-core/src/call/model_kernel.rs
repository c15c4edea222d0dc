//! A model of any backend as a batch kernel.

use core::marker::PhantomData;

use super::batch_kernel::BatchKernel;
use super::exclusive::Exclusive;
use crate::compute::{ComputeModel, DType, ModelMetadata, Payload, PayloadMut, Shape};
use crate::kernel::{GpuKernel, KernelError, KernelMetadata};

/// A model and the buffer it writes its output to; what a [`ModelKernel`] keeps in its
/// cell.
#[derive(Debug)]
pub struct ModelSlot<M, O> {
    model: M,
    output: O,
}

impl<M, O> ModelSlot<M, O> {
    /// Joins a model with an output buffer of its length.
    #[must_use]
    pub const fn new(model: M, output: O) -> Self {
        Self { model, output }
    }

    /// Returns the model and the buffer.
    #[must_use]
    pub fn into_parts(self) -> (M, O) {
        (self.model, self.output)
    }
}

/// Makes a [`ComputeModel`] callable through `&self`, as a [`BatchKernel`].
///
/// The cell `X` decides what happens when two calls come at once
/// ([`Exclusive`](crate::call::exclusive)). One call is one `infer_one`: there is no safe point
/// inside, so a limit takes effect before or after it. `isokern-cpu` has a kernel that
/// stops between operators.
///
/// ```
/// use isokern_core::call::{ModelKernel, ModelSlot, SingleOwner};
/// use isokern_core::{BatchKernel, KernelMetadata, KernelMode};
/// # use isokern_core::compute::{MemoryClass, ModelMetadata};
/// # use isokern_core::{ComputeModel, InferenceError};
/// # struct Negate;
/// # impl ComputeModel<[i8; 2], [i8; 2]> for Negate {
/// #     fn init(&mut self) -> Result<(), InferenceError> { Ok(()) }
/// #     fn infer_one(&mut self, x: &[i8; 2], y: &mut [i8; 2]) -> Result<(), InferenceError> {
/// #         *y = x.map(|value| -value);
/// #         Ok(())
/// #     }
/// #     fn drain(&mut self) -> Result<(), InferenceError> { Ok(()) }
/// #     fn reset(&mut self) -> Result<(), InferenceError> { Ok(()) }
/// #     fn metadata(&self) -> ModelMetadata {
/// #         ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, Some(2), Some(2))
/// #     }
/// # }
///
/// const METADATA: KernelMetadata = KernelMetadata::new("negate", KernelMode::Batch);
/// let slot = SingleOwner::new(ModelSlot::new(Negate, [0_i8; 2]));
/// let kernel = ModelKernel::try_new(METADATA, slot)?;
/// let output: [i8; 2] = pollster::block_on(kernel.execute([3_i8, -4]))?;
/// assert_eq!(output, [-3, 4]);
/// # Ok::<(), isokern_core::KernelError>(())
/// ```
#[derive(Debug)]
pub struct ModelKernel<M, I, O, X> {
    metadata: KernelMetadata,
    model: ModelMetadata,
    slot: X,
    types: PhantomData<fn(I) -> (M, O)>,
}

impl<M, I, O, X> ModelKernel<M, I, O, X>
where
    M: ComputeModel<I, O>,
    I: Payload,
    O: PayloadMut,
    X: Exclusive<ModelSlot<M, O>>,
{
    /// Takes a model over and calls its [`init`](ComputeModel::init).
    ///
    /// # Errors
    ///
    /// [`KernelError::Inference`] of `init`; [`KernelError::Busy`] when the cell is in
    /// use; [`KernelError::InvalidConfiguration`] when the output buffer is not as long
    /// as the model's output.
    pub fn try_new(metadata: KernelMetadata, slot: X) -> Result<Self, KernelError> {
        let model = slot.with(|slot| {
            slot.model.init()?;
            let model = slot.model.metadata();
            let output = (model.output_shape(), model.output_dtype(), model.max_output_bytes());
            if fits(&slot.output, output) {
                Ok(model)
            } else {
                let reason = "the output buffer is not of the model's output length and type";
                Err(KernelError::InvalidConfiguration { reason })
            }
        })??;
        Ok(Self { metadata, model, slot, types: PhantomData })
    }

    /// Returns what the model says about itself.
    #[must_use]
    pub const fn model_metadata(&self) -> &ModelMetadata {
        &self.model
    }

    /// Returns the cell with the model and its buffer.
    #[must_use]
    pub fn into_slot(self) -> X {
        self.slot
    }
}

impl<M, I, O, X: Send + Sync> GpuKernel for ModelKernel<M, I, O, X> {
    fn metadata(&self) -> &KernelMetadata {
        &self.metadata
    }
}

impl<M, I, O, X> BatchKernel<I, O> for ModelKernel<M, I, O, X>
where
    M: ComputeModel<I, O>,
    I: Payload + Send + Sync,
    O: PayloadMut + Clone + Send + Sync,
    X: Exclusive<ModelSlot<M, O>>,
{
    fn validate_input(&self, input: &I) -> Result<(), KernelError> {
        let model = &self.model;
        if fits(input, (model.input_shape(), model.input_dtype(), model.max_input_bytes())) {
            return Ok(());
        }
        let reason = "the payload is not of the model's input length and type";
        Err(KernelError::InvalidInput { reason })
    }

    async fn execute(&self, input: I) -> Result<O, KernelError> {
        self.slot.with(|slot| {
            slot.model.infer_one(&input, &mut slot.output)?;
            Ok(slot.output.clone())
        })?
    }
}

/// Says whether a payload has the type and the bytes of a tensor, as far as these are known.
fn fits<P: Payload>(
    payload: &P,
    (shape, dtype, bytes_max): (Option<Shape>, Option<DType>, Option<usize>),
) -> bool {
    let bytes = payload.buffer_descriptor().bytes();
    if let (Some(have), Some(want)) = (payload.dtype(), dtype)
        && have != want
    {
        return false;
    }
    let whole = shape.and_then(Shape::element_count).zip(dtype.map(DType::size_bytes));
    let exact_bytes = whole.and_then(|(count, size)| count.checked_mul(size));
    match exact_bytes {
        Some(exact_bytes) => bytes == exact_bytes,
        None => bytes_max.is_none_or(|bytes_max| bytes <= bytes_max),
    }
}
