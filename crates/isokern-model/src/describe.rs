//! A model's description for the contract of models.

use isokern_core::DType;
use isokern_core::compute::{MemoryClass, ModelMetadata, NumericProfile, Quantization, Shape};

use crate::{Model, Tensor};

impl Model<'_> {
    /// What the contract says of the model: shapes, types, scales, profile and arena. The memory
    /// classes are those its backend prefers.
    #[must_use]
    pub fn metadata(
        &self,
        preferred_input: MemoryClass,
        preferred_output: MemoryClass,
    ) -> ModelMetadata {
        let (input, output) = (self.input(), self.output());
        let quantization = |tensor: &Tensor| Quantization::new(tensor.scale(), tensor.zero_point());
        let mut metadata = ModelMetadata::new(
            preferred_input,
            preferred_output,
            Some(input.len()),
            Some(output.len()),
        )
        .with_input_dtype(DType::I8)
        .with_output_dtype(DType::I8)
        .with_input_quantization(quantization(&input))
        .with_output_quantization(quantization(&output))
        .with_profile(NumericProfile::Tflm, self.header().profile_version)
        .with_arena_bytes(self.arena_bytes());
        if let Some(shape) = Shape::try_from_slice(input.shape()) {
            metadata = metadata.with_input_shape(shape);
        }
        if let Some(shape) = Shape::try_from_slice(output.shape()) {
            metadata = metadata.with_output_shape(shape);
        }
        metadata
    }
}
