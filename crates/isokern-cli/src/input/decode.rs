//! The bytes of a file as values of an input: as they are, or from a NumPy array.

use std::borrow::Cow;

use isokern_core::DType;
use isokern_model::Tensor;

use super::InputError;
use super::values::{Clipped, Values};
use crate::element::{Stored, descr};
use crate::npy::{self, Array};
use crate::number::Number;
use crate::shapes::{frame_count, sample_count};
use isokern::port::Side;

/// The values of an input for all samples.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The values, as the tensor holds them.
    pub(super) values: Vec<u8>,
    /// What became of real numbers beyond the tensor's range.
    pub(super) clipped: Clipped,
}

/// Returns the values for a whole number of samples, at least one, as the tensor holds them. An
/// array of a stream may have frames in place of samples.
pub(super) fn decode(
    bytes: Vec<u8>,
    named_npy: bool,
    tensor: &Tensor,
    is_stream: bool,
) -> Result<Decoded, InputError> {
    let decoded = match array_in(&bytes, named_npy)? {
        Some(array) => elements(&array, tensor, is_stream)?,
        None => Decoded { values: bytes, ..Decoded::default() },
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

/// Returns the array that a file is; none where it is raw bytes.
pub(crate) fn array_in(bytes: &[u8], named_npy: bool) -> Result<Option<Array<'_>>, InputError> {
    if bytes.starts_with(npy::MAGIC) {
        return Ok(Some(Array::read(bytes)?));
    }
    if named_npy { Err(InputError::NotNpy) } else { Ok(None) }
}

/// Returns the type of an array's elements, and these from the low byte up, where it holds whole
/// samples of a tensor; `refused` is the error for elements that are no numbers.
pub(crate) fn stored_elements<'a>(
    array: &Array<'a>,
    tensor: &Tensor,
    refused: impl FnOnce() -> InputError,
) -> Result<(DType, Cow<'a, [u8]>), InputError> {
    let read = read_elements(array, refused)?;
    sample_count(&array.shape, tensor.shape())?;
    Ok(read)
}

/// Works as [`stored_elements`], whatever the shape of the array is.
fn read_elements<'a>(
    array: &Array<'a>,
    refused: impl FnOnce() -> InputError,
) -> Result<(DType, Cow<'a, [u8]>), InputError> {
    let stored = Stored::parse(array.element).ok_or_else(refused)?;
    let data = array.elements(stored.dtype.size_bytes(), stored.is_swapped)?;
    Ok((stored.dtype, data))
}

/// Returns the elements of an array, as the input's tensor takes them.
fn elements(array: &Array<'_>, tensor: &Tensor, is_stream: bool) -> Result<Decoded, InputError> {
    let dtype = tensor.dtype();
    if descr(dtype).is_none() {
        return Err(InputError::NoElement { dtype });
    }
    let refused = || InputError::Element { found: array.element.to_owned(), dtype };
    let (stored, data) = match frame_count(&array.shape, tensor.shape()).filter(|_| is_stream) {
        Some((frames, step)) if frames % step != 0 => {
            return Err(InputError::Frames { frames, step });
        }
        Some(_) => read_elements(array, refused)?,
        None => stored_elements(array, tensor, refused)?,
    };
    if stored == dtype && dtype != DType::Bool {
        return Ok(Decoded { values: data.into_owned(), ..Decoded::default() });
    }
    let size = stored.size_bytes();
    let mut values = Values::new(tensor, data.len() / size);
    for (place, element) in data.chunks_exact(size).enumerate() {
        let number = Number::read(stored, element).ok_or_else(refused)?;
        values.push(number).map_err(|fault| fault.error(place, number, array, dtype))?;
    }
    let (values, clipped) = values.finish();
    Ok(Decoded { values, clipped })
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
