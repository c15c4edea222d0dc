//! A model's description for the contract of models.

use isokern_core::DType;
use isokern_core::compute::{
    MemoryClass, ModelMetadata, NumericProfile, PortMetadata, Quantization, Shape,
};

use crate::{Model, Tensor};

impl Model<'_> {
    /// Returns what the contract says of the model: ports, profile, arena and state. Shape, type
    /// and quantisation are those of the first input and output. The memory classes are those
    /// its backend prefers.
    #[must_use]
    pub fn metadata(
        &self,
        preferred_input: MemoryClass,
        preferred_output: MemoryClass,
    ) -> ModelMetadata {
        let (input, output) = (self.input(), self.output());
        let mut metadata = ModelMetadata::new(
            preferred_input,
            preferred_output,
            Some(self.input_bytes()),
            Some(self.output_bytes()),
        )
        .with_input_dtype(input.dtype())
        .with_output_dtype(output.dtype())
        .with_input_quantization(quantization(&input))
        .with_output_quantization(quantization(&output))
        .with_profile(NumericProfile::Tflm, self.header().profile_version)
        .with_ports(self.input_count(), self.output_count())
        .with_state_bytes(self.state_bytes())
        .with_arena_bytes(self.arena_bytes());
        if let Some(shape) = Shape::try_from_slice(input.shape()) {
            metadata = metadata.with_input_shape(shape);
        }
        if let Some(shape) = Shape::try_from_slice(output.shape()) {
            metadata = metadata.with_output_shape(shape);
        }
        metadata
    }

    /// Returns the input at `position` and its place in a packed payload.
    #[must_use]
    pub fn input_port(&self, position: usize) -> Option<PortMetadata> {
        port(self.inputs(), position)
    }

    /// Returns the output at `position` and its place in a packed payload.
    #[must_use]
    pub fn output_port(&self, position: usize) -> Option<PortMetadata> {
        port(self.outputs(), position)
    }

    /// Returns the element type that all inputs have; none if they differ.
    #[must_use]
    pub fn input_dtype(&self) -> Option<DType> {
        same_dtype(self.inputs())
    }

    /// Returns the element type that all outputs have; none if they differ.
    #[must_use]
    pub fn output_dtype(&self) -> Option<DType> {
        same_dtype(self.outputs())
    }
}

fn port(mut tensors: impl Iterator<Item = Tensor>, position: usize) -> Option<PortMetadata> {
    let offset = tensors.by_ref().take(position).map(|tensor| tensor.bytes()).sum();
    let tensor = tensors.next()?;
    let port = PortMetadata::new(tensor.dtype(), tensor.bytes())
        .with_offset(offset)
        .with_quantization(quantization(&tensor));
    Some(match Shape::try_from_slice(tensor.shape()) {
        Some(shape) => port.with_shape(shape),
        None => port,
    })
}

fn quantization(tensor: &Tensor) -> Quantization {
    Quantization::new(tensor.scale(), tensor.zero_point())
}

fn same_dtype(mut tensors: impl Iterator<Item = Tensor>) -> Option<DType> {
    let first = tensors.next()?.dtype();
    tensors.all(|tensor| tensor.dtype() == first).then_some(first)
}
