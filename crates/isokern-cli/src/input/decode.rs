//! The bytes of a file as values of an input: as they are, or from a NumPy array.

use isokern_core::compute::Quantization;
use isokern_model::Tensor;

use super::{BYTES_MAX, InputError};
use crate::element::{Element, quantised_range};
use crate::figures::shape;
use crate::npy::{self, Array};

/// Returns the values for a whole number of samples, at least one, as the tensor holds them.
pub(super) fn decode(
    bytes: Vec<u8>,
    named_npy: bool,
    tensor: &Tensor,
) -> Result<Vec<u8>, InputError> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(InputError::TooLong);
    }
    let (what, value_bytes, values) = if bytes.starts_with(npy::MAGIC) {
        let values = elements(&Array::read(&bytes)?, tensor)?;
        ("values", tensor.dtype().size_bytes(), values)
    } else if named_npy {
        return Err(InputError::NotNpy);
    } else {
        ("bytes", 1, bytes)
    };
    let need = tensor.bytes();
    if values.is_empty() {
        return Err(InputError::Empty { need });
    }
    if !values.len().is_multiple_of(need) {
        let (have, need) = (values.len() / value_bytes, need / value_bytes);
        let (shape, dtype) = (shape(tensor.shape()), tensor.dtype());
        return Err(InputError::Length { what, have, need, shape, dtype });
    }
    Ok(values)
}

/// Returns the elements of an array, as the input's tensor takes them.
fn elements(array: &Array<'_>, tensor: &Tensor) -> Result<Vec<u8>, InputError> {
    if array.fortran_order && array.shape.len() > 1 {
        return Err(InputError::Order);
    }
    let dtype = tensor.dtype();
    let element = Element::of(dtype).ok_or(InputError::NoElement { dtype })?;
    let size = dtype.size_bytes();
    if array.element == element.descr {
        array.check_length(size)?;
        return Ok(array.data.to_vec());
    }
    if element.is_swapped(array.element) {
        array.check_length(size)?;
        return Ok(array
            .data
            .chunks_exact(size)
            .flat_map(|value| value.iter().rev())
            .copied()
            .collect());
    }
    match (array.element, quantised_range(dtype)) {
        ("<f4", Some(range)) => quantised(array, f32::from_le_bytes, tensor, range),
        (">f4", Some(range)) => quantised(array, f32::from_be_bytes, tensor, range),
        (found, _) => Err(InputError::Element { found: found.to_owned(), dtype }),
    }
}

/// Returns real numbers in the steps of the input's tensor, halves away from zero, cut at the
/// ends of its type.
fn quantised(
    array: &Array<'_>,
    from_bytes: fn([u8; 4]) -> f32,
    tensor: &Tensor,
    (least, greatest): (i32, i32),
) -> Result<Vec<u8>, InputError> {
    array.check_length(size_of::<f32>())?;
    let quantization = Quantization::new(tensor.scale(), tensor.zero_point());
    let size = tensor.dtype().size_bytes();
    let mut values = Vec::with_capacity(array.data.len() / size_of::<f32>() * size);
    for (index, bytes) in array.data.as_chunks().0.iter().enumerate() {
        let real = from_bytes(*bytes);
        if real.is_nan() {
            return Err(InputError::NotANumber { index });
        }
        let value = quantization.quantize(real).clamp(least, greatest);
        values.extend_from_slice(&value.to_le_bytes()[..size]);
    }
    Ok(values)
}
