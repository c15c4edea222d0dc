//! The bytes of a file as values of an input: as they are, or from a NumPy array.

use isokern_core::DType;
use isokern_model::Tensor;

use super::values::{Clipped, Values};
use super::{BYTES_MAX, InputError};
use crate::element::{Element, Stored};
use crate::npy::{self, Array};
use crate::number::Number;
use crate::ports::Side;
use crate::shapes::sample_count;

/// The values of an input for all samples.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The values, as the tensor holds them.
    pub(super) values: Vec<u8>,
    /// What became of real numbers beyond the tensor's range.
    pub(super) clipped: Clipped,
}

/// Returns the values for a whole number of samples, at least one, as the tensor holds them.
pub(super) fn decode(
    bytes: Vec<u8>,
    named_npy: bool,
    tensor: &Tensor,
) -> Result<Decoded, InputError> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(InputError::TooLong);
    }
    let decoded = if bytes.starts_with(npy::MAGIC) {
        elements(&Array::read(&bytes)?, tensor)?
    } else if named_npy {
        return Err(InputError::NotNpy);
    } else {
        Decoded { values: bytes, ..Decoded::default() }
    };
    let (have, need) = (decoded.values.len(), tensor.bytes());
    if have == 0 {
        return Err(InputError::Empty { side: Side::Input.word(), need });
    }
    if !have.is_multiple_of(need) {
        return Err(InputError::length(Side::Input, have, tensor));
    }
    Ok(decoded)
}

/// Returns the elements of an array, as the input's tensor takes them.
fn elements(array: &Array<'_>, tensor: &Tensor) -> Result<Decoded, InputError> {
    let dtype = tensor.dtype();
    if Element::of(dtype).is_none() {
        return Err(InputError::NoElement { dtype });
    }
    let refused = || InputError::Element { found: array.element.to_owned(), dtype };
    let stored = Stored::parse(array.element).ok_or_else(refused)?;
    let size = stored.dtype.size_bytes();
    let data = array.elements(size, stored.is_swapped)?;
    sample_count(&array.shape, tensor.shape())?;
    if stored.dtype == dtype && dtype != DType::Bool {
        return Ok(Decoded { values: data.into_owned(), ..Decoded::default() });
    }
    let mut values = Values::new(tensor, data.len() / size);
    for (place, element) in data.chunks_exact(size).enumerate() {
        let number = Number::read(stored.dtype, element).ok_or_else(refused)?;
        values.push(number).map_err(|fault| fault.error(place, number, array, dtype))?;
    }
    let (values, clipped) = values.finish();
    Ok(Decoded { values, clipped })
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
