//! One input or output of a model.

use super::dtype::DType;
use super::quantization::Quantization;
use super::shape::Shape;

/// Type, shape and name of one input or output, and its place in a packed payload.
///
/// A model with several inputs takes them as one payload: all inputs one after the other, in the
/// order of the model, without gaps. Several outputs come in the same way.
///
/// ```
/// use isokern_core::DType;
/// use isokern_core::compute::{PortMetadata, Shape};
///
/// const LEFT: PortMetadata = PortMetadata::new(DType::I8, 490).with_shape(Shape::new([1, 490]));
/// const RIGHT: PortMetadata = PortMetadata::new(DType::I8, 12).with_offset(490);
/// assert_eq!(RIGHT.range(), 490..502);
/// assert_eq!(LEFT.offset(), 0);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PortMetadata {
    dtype: DType,
    bytes: usize,
    offset: usize,
    shape: Option<Shape>,
    quantization: Option<Quantization>,
}

impl PortMetadata {
    /// Describes a port by its element type and its length in bytes.
    #[must_use]
    pub const fn new(dtype: DType, bytes: usize) -> Self {
        Self { dtype, bytes, offset: 0, shape: None, quantization: None }
    }

    /// Returns the description with its place in the packed payload, in bytes.
    #[must_use]
    pub const fn with_offset(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    /// Returns the description with a shape.
    #[must_use]
    pub const fn with_shape(self, shape: Shape) -> Self {
        Self { shape: Some(shape), ..self }
    }

    /// Returns the description with the meaning of the port's integers.
    #[must_use]
    pub const fn with_quantization(self, quantization: Quantization) -> Self {
        Self { quantization: Some(quantization), ..self }
    }

    /// Returns the element type.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        self.dtype
    }

    /// Returns the length in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the first byte in the packed payload.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the bytes of the packed payload that are this port's.
    #[must_use]
    pub const fn range(&self) -> core::ops::Range<usize> {
        self.offset..self.offset.saturating_add(self.bytes)
    }

    /// Returns the shape.
    #[must_use]
    pub const fn shape(&self) -> Option<Shape> {
        self.shape
    }

    /// Returns what the port's integers mean.
    #[must_use]
    pub const fn quantization(&self) -> Option<Quantization> {
        self.quantization
    }
}
