//! Tensors: elements with a shape and, if integer, with what they mean.
//!
//! [`Tensor`] holds its elements inline, so a firmware static or a message can
//! carry one; [`TensorView`] borrows them. Row-major, last dimension fastest.

use super::dtype::DType;
use super::memory::BufferDescriptor;
use super::payload::{Payload, PayloadMut};
use super::quantization::Quantization;
use super::shape::{ShapeError, check_shape, row_major_offset};
use super::tensor_view::TensorView;

/// `N` elements of `T` in `R` dimensions, stored inline.
///
/// ```
/// use isokern_core::compute::{Quantization, Tensor};
/// use isokern_core::Payload;
///
/// let scores = Tensor::new([-128_i8, 127], [1, 2])?
///     .with_quantization(Quantization::new(1.0 / 256.0, -128));
/// assert_eq!(scores.at([0, 1]), Some(&127));
/// assert_eq!(scores.at([1, 0]), None);
/// assert_eq!(scores.host_bytes(), Some(&[0x80, 0x7f][..]));
///
/// assert!(Tensor::new([0_i8; 6], [2, 2]).is_err());
/// # Ok::<(), isokern_core::compute::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tensor<T, const N: usize, const R: usize> {
    data: [T; N],
    shape: [usize; R],
    quantization: Option<Quantization>,
}

impl<T: Copy, const N: usize, const R: usize> Tensor<T, N, R> {
    /// Joins elements and a shape.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] when the shape does not have exactly `N` elements.
    pub const fn new(data: [T; N], shape: [usize; R]) -> Result<Self, ShapeError> {
        match check_shape(shape, N) {
            Ok(()) => Ok(Self { data, shape, quantization: None }),
            Err(error) => Err(error),
        }
    }

    /// Returns the same elements in another shape.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] when the shape does not have exactly `N` elements.
    pub const fn reshape<const S: usize>(
        self,
        shape: [usize; S],
    ) -> Result<Tensor<T, N, S>, ShapeError> {
        match check_shape(shape, N) {
            Ok(()) => Ok(Tensor { data: self.data, shape, quantization: self.quantization }),
            Err(error) => Err(error),
        }
    }

    /// Returns the tensor with a meaning for its integers.
    #[must_use]
    pub const fn with_quantization(self, quantization: Quantization) -> Self {
        Self { quantization: Some(quantization), ..self }
    }
}

impl<T, const N: usize, const R: usize> Tensor<T, N, R> {
    /// Returns the extents, outermost first.
    #[must_use]
    pub const fn shape(&self) -> [usize; R] {
        self.shape
    }

    /// Returns what the integers mean, `None` when they are the numbers.
    #[must_use]
    pub const fn quantization(&self) -> Option<Quantization> {
        self.quantization
    }

    /// Returns the elements in row-major order.
    #[must_use]
    pub const fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// Returns the elements for writing.
    #[must_use]
    pub const fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Returns one element, `None` outside the shape.
    #[must_use]
    pub fn at(&self, index: [usize; R]) -> Option<&T> {
        self.data.get(row_major_offset(self.shape, index)?)
    }

    /// Returns one element for writing, `None` outside the shape.
    #[must_use]
    pub fn at_mut(&mut self, index: [usize; R]) -> Option<&mut T> {
        self.data.get_mut(row_major_offset(self.shape, index)?)
    }

    /// Borrows the tensor.
    #[must_use]
    pub const fn view(&self) -> TensorView<'_, T, R> {
        TensorView::from_checked(&self.data, self.shape, self.quantization)
    }
}

impl<T: bytemuck::Pod, const N: usize, const R: usize> Payload for Tensor<T, N, R> {
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

impl<T: bytemuck::Pod, const N: usize, const R: usize> PayloadMut for Tensor<T, N, R> {
    fn host_bytes_mut(&mut self) -> Option<&mut [u8]> {
        self.data.host_bytes_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::{Tensor, TensorView};
    use crate::compute::{DType, Payload, Quantization, ShapeError};

    #[test]
    fn a_wrong_shape_is_refused_by_every_constructor() {
        let error = ShapeError::ElementCount { shape_elements: 4, data_elements: 6 };
        assert_eq!(Tensor::new([0_i8; 6], [2, 2]), Err(error));
        assert_eq!(TensorView::new(&[0_i8; 6], [2, 2]), Err(error));
        let tensor = Tensor::new([0_i8; 6], [2, 3]).unwrap();
        assert_eq!(tensor.reshape([4]), Err(error));
        assert_eq!(tensor.view().reshape([4]), Err(error));
        assert_eq!(Tensor::new([0_i8; 6], [usize::MAX, 2]), Err(ShapeError::Overflow));
    }

    #[test]
    fn a_scalar_has_one_element_and_no_dimension() {
        assert_eq!(Tensor::new([7_i32], []).unwrap().at([]), Some(&7));
        assert!(Tensor::new([7_i32, 8], []).is_err());
    }

    #[test]
    fn reshape_and_view_keep_elements_and_meaning() {
        const MEANING: Quantization = Quantization::new(0.5, 3);
        let mut tensor = Tensor::new([1_i16, 2, 3, 4, 5, 6], [2, 3]).unwrap();
        *tensor.at_mut([1, 0]).unwrap() = 40;
        let flat = tensor.with_quantization(MEANING).reshape([6]).unwrap();
        assert_eq!(flat.as_slice(), [1, 2, 3, 40, 5, 6]);
        let view = flat.view().reshape([3, 2]).unwrap();
        assert_eq!(view.at([1, 1]), Some(&40));
        assert_eq!(view.shape(), [3, 2]);
        assert_eq!(view.quantization(), Some(MEANING));
        assert_eq!(view.dtype(), Some(DType::I16));
    }
}
