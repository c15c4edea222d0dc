//! A tensor whose elements are somewhere else.

use super::dtype::DType;
use super::memory::BufferDescriptor;
use super::payload::Payload;
use super::quantization::Quantization;
use super::shape::{ShapeError, check_shape, row_major_offset};

/// Borrowed elements of `T` in `R` dimensions.
///
/// ```
/// use isokern_core::compute::TensorView;
///
/// let flash: &[i8] = &[1, 2, 3, 4, 5, 6];
/// let view = TensorView::new(flash, [2, 3])?;
/// assert_eq!(view.at([1, 0]), Some(&4));
/// # Ok::<(), isokern_core::compute::ShapeError>(())
/// ```
#[derive(Debug, PartialEq)]
pub struct TensorView<'a, T, const R: usize> {
    data: &'a [T],
    shape: [usize; R],
    quantization: Option<Quantization>,
}

impl<'a, T, const R: usize> TensorView<'a, T, R> {
    /// Joins borrowed elements and a shape.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] when the shape does not have exactly as many elements.
    pub const fn new(data: &'a [T], shape: [usize; R]) -> Result<Self, ShapeError> {
        match check_shape(shape, data.len()) {
            Ok(()) => Ok(Self { data, shape, quantization: None }),
            Err(error) => Err(error),
        }
    }

    /// Joins parts of a tensor, which were checked when it was made.
    pub(super) const fn from_checked(
        data: &'a [T],
        shape: [usize; R],
        quantization: Option<Quantization>,
    ) -> Self {
        Self { data, shape, quantization }
    }

    /// Returns the same elements in another shape.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] when the shape does not have exactly as many elements.
    pub const fn reshape<const S: usize>(
        self,
        shape: [usize; S],
    ) -> Result<TensorView<'a, T, S>, ShapeError> {
        match check_shape(shape, self.data.len()) {
            Ok(()) => Ok(TensorView { data: self.data, shape, quantization: self.quantization }),
            Err(error) => Err(error),
        }
    }

    /// Returns the view with a meaning for its integers.
    #[must_use]
    pub const fn with_quantization(self, quantization: Quantization) -> Self {
        Self { quantization: Some(quantization), ..self }
    }

    /// Returns the extents, outermost first.
    #[must_use]
    pub const fn shape(self) -> [usize; R] {
        self.shape
    }

    /// Returns what the integers mean, `None` when they are the numbers.
    #[must_use]
    pub const fn quantization(self) -> Option<Quantization> {
        self.quantization
    }

    /// Returns the elements in row-major order.
    #[must_use]
    pub const fn as_slice(self) -> &'a [T] {
        self.data
    }

    /// Returns one element, `None` outside the shape.
    #[must_use]
    pub fn at(self, index: [usize; R]) -> Option<&'a T> {
        self.data.get(row_major_offset(self.shape, index)?)
    }
}

impl<T, const R: usize> Clone for TensorView<'_, T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const R: usize> Copy for TensorView<'_, T, R> {}

impl<T: bytemuck::Pod, const R: usize> Payload for TensorView<'_, T, R> {
    fn buffer_descriptor(&self) -> BufferDescriptor {
        self.data.buffer_descriptor()
    }

    fn host_bytes(&self) -> Option<&[u8]> {
        self.data.host_bytes()
    }

    fn dtype(&self) -> Option<DType> {
        DType::of::<T>()
    }
}
