//! Metadata: what a loaded model says about itself.

use super::dtype::DType;
use super::memory::MemoryClass;
use super::placement::PlacementAcceptance;
use super::profile::NumericProfile;
use super::quantization::Quantization;
use super::shape::Shape;

/// Description of one loaded model: enough to make its buffers.
///
/// Everything a model does not know is `None`; nothing is guessed.
///
/// ```
/// use isokern_core::compute::{MemoryClass, ModelMetadata, NumericProfile, Quantization, Shape};
/// use isokern_core::DType;
///
/// const KEYWORDS: ModelMetadata =
///     ModelMetadata::new(MemoryClass::Host, MemoryClass::Host, Some(490), Some(12))
///         .with_input_shape(Shape::new([1, 49, 10, 1]))
///         .with_input_dtype(DType::I8)
///         .with_output_quantization(Quantization::new(1.0 / 256.0, -128))
///         .with_profile(NumericProfile::Tflm, 1)
///         .with_arena_bytes(16_000);
/// assert_eq!(KEYWORDS.profile(), Some((NumericProfile::Tflm, 1)));
/// assert_eq!(KEYWORDS.output_shape(), None);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ModelMetadata {
    preferred_input: MemoryClass,
    preferred_output: MemoryClass,
    memory: PlacementAcceptance,
    max_input_bytes: Option<usize>,
    max_output_bytes: Option<usize>,
    input_shape: Option<Shape>,
    output_shape: Option<Shape>,
    input_dtype: Option<DType>,
    output_dtype: Option<DType>,
    input_quantization: Option<Quantization>,
    output_quantization: Option<Quantization>,
    profile: Option<(NumericProfile, u16)>,
    arena_bytes: Option<usize>,
    input_count: usize,
    output_count: usize,
    state_bytes: usize,
}

impl ModelMetadata {
    /// Describes a model by where it likes its buffers and how long they are at
    /// most.
    #[must_use]
    pub const fn new(
        preferred_input: MemoryClass,
        preferred_output: MemoryClass,
        max_input_bytes: Option<usize>,
        max_output_bytes: Option<usize>,
    ) -> Self {
        Self {
            preferred_input,
            preferred_output,
            memory: PlacementAcceptance::exactly(preferred_input)
                .union(PlacementAcceptance::exactly(preferred_output)),
            max_input_bytes,
            max_output_bytes,
            input_shape: None,
            output_shape: None,
            input_dtype: None,
            output_dtype: None,
            input_quantization: None,
            output_quantization: None,
            profile: None,
            arena_bytes: None,
            input_count: 1,
            output_count: 1,
            state_bytes: 0,
        }
    }

    /// Returns the description with exactly these memory classes, which payloads may live in.
    /// Without it, they are the two preferred ones.
    #[must_use]
    pub const fn with_memory(self, memory: PlacementAcceptance) -> Self {
        Self { memory, ..self }
    }

    /// Returns the description with the shape of one input.
    #[must_use]
    pub const fn with_input_shape(self, shape: Shape) -> Self {
        Self { input_shape: Some(shape), ..self }
    }

    /// Returns the description with the shape of one output.
    #[must_use]
    pub const fn with_output_shape(self, shape: Shape) -> Self {
        Self { output_shape: Some(shape), ..self }
    }

    /// Returns the description with the element type of the input.
    #[must_use]
    pub const fn with_input_dtype(self, dtype: DType) -> Self {
        Self { input_dtype: Some(dtype), ..self }
    }

    /// Returns the description with the element type of the output.
    #[must_use]
    pub const fn with_output_dtype(self, dtype: DType) -> Self {
        Self { output_dtype: Some(dtype), ..self }
    }

    /// Returns the description with the meaning of the input's integers.
    #[must_use]
    pub const fn with_input_quantization(self, quantization: Quantization) -> Self {
        Self { input_quantization: Some(quantization), ..self }
    }

    /// Returns the description with the meaning of the output's integers.
    #[must_use]
    pub const fn with_output_quantization(self, quantization: Quantization) -> Self {
        Self { output_quantization: Some(quantization), ..self }
    }

    /// Returns the description with the bits the model promises.
    #[must_use]
    pub const fn with_profile(self, profile: NumericProfile, version: u16) -> Self {
        Self { profile: Some((profile, version)), ..self }
    }

    /// Returns the description with the size of the arena the model runs in.
    #[must_use]
    pub const fn with_arena_bytes(self, arena_bytes: usize) -> Self {
        Self { arena_bytes: Some(arena_bytes), ..self }
    }

    /// Returns the description with the number of inputs and outputs, which is 1 without.
    ///
    /// Shape, type and quantisation are those of the first; a
    /// [`ComputeModel`](crate::ComputeModel) describes each of them.
    #[must_use]
    pub const fn with_ports(self, input_count: usize, output_count: usize) -> Self {
        Self { input_count, output_count, ..self }
    }

    /// Returns the description with the bytes of state that last from one step to the next.
    #[must_use]
    pub const fn with_state_bytes(self, state_bytes: usize) -> Self {
        Self { state_bytes, ..self }
    }

    /// Returns where the input is taken without a copy.
    #[must_use]
    pub const fn preferred_input(&self) -> MemoryClass {
        self.preferred_input
    }

    /// Returns where the output is written without a copy.
    #[must_use]
    pub const fn preferred_output(&self) -> MemoryClass {
        self.preferred_output
    }

    /// Returns where payloads may live, with a copy or without; any other is refused.
    ///
    /// It is the loaded model's own answer: of a [`Fallback`](crate::compute::Fallback), that of
    /// the backend which loaded it.
    #[must_use]
    pub const fn memory(&self) -> PlacementAcceptance {
        self.memory
    }

    /// Returns the longest input payload in bytes, `None` when there is no limit.
    #[must_use]
    pub const fn max_input_bytes(&self) -> Option<usize> {
        self.max_input_bytes
    }

    /// Returns the longest output payload in bytes, `None` when there is no limit.
    #[must_use]
    pub const fn max_output_bytes(&self) -> Option<usize> {
        self.max_output_bytes
    }

    /// Returns the shape of the first input.
    #[must_use]
    pub const fn input_shape(&self) -> Option<Shape> {
        self.input_shape
    }

    /// Returns the shape of the first output.
    #[must_use]
    pub const fn output_shape(&self) -> Option<Shape> {
        self.output_shape
    }

    /// Returns the element type of the first input.
    #[must_use]
    pub const fn input_dtype(&self) -> Option<DType> {
        self.input_dtype
    }

    /// Returns the element type of the first output.
    #[must_use]
    pub const fn output_dtype(&self) -> Option<DType> {
        self.output_dtype
    }

    /// Returns what the first input's integers mean.
    #[must_use]
    pub const fn input_quantization(&self) -> Option<Quantization> {
        self.input_quantization
    }

    /// Returns what the first output's integers mean.
    #[must_use]
    pub const fn output_quantization(&self) -> Option<Quantization> {
        self.output_quantization
    }

    /// Returns the numeric profile and its version, `None` when the model
    /// promises no bits.
    #[must_use]
    pub const fn profile(&self) -> Option<(NumericProfile, u16)> {
        self.profile
    }

    /// Returns how many inputs a step takes, packed into one payload.
    #[must_use]
    pub const fn input_count(&self) -> usize {
        self.input_count
    }

    /// Returns how many outputs a step gives, packed into one payload.
    #[must_use]
    pub const fn output_count(&self) -> usize {
        self.output_count
    }

    /// Returns the bytes of state that last from one step to the next, 0 for a model whose steps
    /// are independent.
    #[must_use]
    pub const fn state_bytes(&self) -> usize {
        self.state_bytes
    }

    /// Returns the size of the arena in bytes, `None` when the model has none.
    #[must_use]
    pub const fn arena_bytes(&self) -> Option<usize> {
        self.arena_bytes
    }
}
