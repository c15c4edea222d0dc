//! Inputs for a model: raw bytes or a NumPy array, from a file or standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use isokern_core::compute::Quantization;
use isokern_model::Tensor;
use thiserror::Error;

use crate::error::{CliError, name};
use crate::figures::shape;
use crate::npy::{self, Array, NpyError};

/// The most bytes that are read: 1 GiB.
const BYTES_MAX: u64 = 1 << 30;

/// Why bytes are not inputs of a model.
#[derive(Debug, Error)]
pub(crate) enum InputError {
    #[error("there are no bytes in it. Fix: give at least one input of {need} bytes")]
    Empty { need: usize },
    #[error(
        "{have} {what} are not a whole number of inputs of {need} (shape {shape}). Fix: give \
         int8 inputs one after another, without a header between them"
    )]
    Length { what: &'static str, have: usize, need: usize, shape: String },
    #[error("there is more than 1 GiB of it. Fix: run it in parts")]
    TooLong,
    #[error(transparent)]
    Npy(#[from] NpyError),
    #[error("it is named .npy, but does not start like one. Fix: save it with numpy.save")]
    NotNpy,
    #[error(
        "the elements of the array are `{found}`. Fix: save it as int8 (bytes for the input \
         tensor) or as float32 (real numbers, quantised for the model); a uint8 array of such \
         bytes is x.view(numpy.int8)"
    )]
    Element { found: String },
    #[error("the array is in Fortran order. Fix: save numpy.ascontiguousarray(x)")]
    Order,
    #[error("value {index} of the array is not a number. Fix: replace the NaN")]
    NotANumber { index: usize },
}

/// Reads the inputs in a file, or with `-` from standard input, one after another.
///
/// The result is a whole number of inputs, at least one.
pub(crate) fn read(path: &Path, tensor: &Tensor) -> Result<Vec<i8>, CliError> {
    let stdin = path == Path::new("-");
    let name = if stdin { "standard input".to_owned() } else { name(path) };
    let bytes = match read_bytes(path, stdin) {
        Ok(bytes) => bytes,
        Err(source) => return Err(CliError::Read { name, source }),
    };
    let named_npy = path.extension().is_some_and(|extension| extension == "npy");
    decode(&bytes, named_npy, tensor).map_err(|source| CliError::Input { name, source })
}

fn read_bytes(path: &Path, stdin: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if stdin {
        io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn decode(bytes: &[u8], named_npy: bool, tensor: &Tensor) -> Result<Vec<i8>, InputError> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(InputError::TooLong);
    }
    let (what, values) = if bytes.starts_with(npy::MAGIC) {
        ("values", elements(&Array::read(bytes)?, tensor)?)
    } else if named_npy {
        return Err(InputError::NotNpy);
    } else {
        ("bytes", bytes.iter().map(|byte| byte.cast_signed()).collect())
    };
    let need = tensor.len();
    if values.is_empty() {
        return Err(InputError::Empty { need });
    }
    if !values.len().is_multiple_of(need) {
        let shape = shape(tensor.shape());
        return Err(InputError::Length { what, have: values.len(), need, shape });
    }
    Ok(values)
}

/// The elements of an array, as the model's input tensor takes them.
fn elements(array: &Array<'_>, tensor: &Tensor) -> Result<Vec<i8>, InputError> {
    if array.fortran_order && array.shape.len() > 1 {
        return Err(InputError::Order);
    }
    match array.element {
        "|i1" => {
            array.check_length(1)?;
            Ok(array.data.iter().map(|byte| byte.cast_signed()).collect())
        }
        "<f4" => {
            array.check_length(4)?;
            quantised(array.data, f32::from_le_bytes, tensor)
        }
        ">f4" => {
            array.check_length(4)?;
            quantised(array.data, f32::from_be_bytes, tensor)
        }
        found => Err(InputError::Element { found: found.to_owned() }),
    }
}

/// Real numbers in the steps of the input tensor, halves away from zero, cut at its ends.
fn quantised(
    data: &[u8],
    from_bytes: fn([u8; 4]) -> f32,
    tensor: &Tensor,
) -> Result<Vec<i8>, InputError> {
    let quantization = Quantization::new(tensor.scale(), tensor.zero_point());
    let value = |(index, bytes): (usize, &[u8; 4])| {
        let real = from_bytes(*bytes);
        if real.is_nan() {
            return Err(InputError::NotANumber { index });
        }
        Ok(quantization.quantize(real).clamp(i8::MIN.into(), i8::MAX.into()) as i8)
    };
    data.as_chunks().0.iter().enumerate().map(value).collect()
}
