//! Why bytes are not values of an input.

use isokern_core::DType;
use isokern_model::Tensor;
use thiserror::Error;

use crate::element::{self, integer_range, quantised_range};
use crate::figures::shape;
use crate::npy::NpyError;
use crate::shapes::ShapeError;
use isokern::port::Side;

/// Why bytes are not values of an input, one sample after another.
#[derive(Debug, Error)]
pub(crate) enum InputError {
    #[error("there are no bytes in it. Fix: give at least one {side} of {need} bytes")]
    Empty { side: &'static str, need: usize },
    #[error(
        "{have} bytes are not a whole number of {side}s of {need} (shape {shape}). Fix: give \
         {} {side}s one after another, without a header between them",
        element::name(*.dtype)
    )]
    Length { side: &'static str, have: usize, need: usize, shape: String, dtype: DType },
    #[error(
        "the array has {frames} frames, and a step of the model takes {step}. Fix: cut off the \
         last {}, or add frames",
        .frames % .step
    )]
    Frames { frames: u64, step: u64 },
    #[error("there is more than 1 GiB of it. Fix: run it in parts")]
    TooLong,
    #[error(transparent)]
    Npy(#[from] NpyError),
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error("it is named .npy, but does not start like one. Fix: save it with numpy.save")]
    NotNpy,
    #[error("the elements of the array are `{found}`. Fix: {}", how_to_save(*.dtype))]
    Element { found: String, dtype: DType },
    #[error(
        "the elements of the array are `{found}`, which are no numbers to compare. Fix: save \
         integers of at most 64 bits, floats of 16, 32 or 64, or bools"
    )]
    NoNumbers { found: String },
    #[error(
        "an array cannot hold {}, which NumPy does not have. Fix: give raw bytes in a file with \
         another name",
        .dtype.name()
    )]
    NoElement { dtype: DType },
    #[error("value {index} of the array is not a number. Fix: replace the NaN")]
    NotANumber { index: String },
    #[error(
        "value {index} of the array, of type `{found}`, is {value}: {} goes from {}. Fix: {}",
        element::name(*.dtype),
        range(*.dtype),
        how_to_save(*.dtype)
    )]
    Range { index: String, value: String, found: String, dtype: DType },
    #[error(
        "value {index} of the array is {value}, which {} does not hold exactly. Fix: {}",
        element::name(*.dtype),
        how_to_save(*.dtype)
    )]
    Inexact { index: String, value: String, dtype: DType },
}

impl InputError {
    /// Returns the error for so many raw bytes for a tensor that they do not fill.
    pub(crate) fn length(side: Side, have: usize, tensor: &Tensor) -> Self {
        let (side, shape, dtype) = (side.word(), shape(tensor.shape()), tensor.dtype());
        Self::Length { side, have, need: tensor.bytes(), shape, dtype }
    }
}

/// Returns what an array for an input of this type has to be.
fn how_to_save(dtype: DType) -> String {
    let name = element::name(dtype);
    if quantised_range(dtype).is_some() {
        let bytes = if dtype == DType::I8 {
            "; of a uint8 array x.view(numpy.int8) has the same bytes, and \
             (x.astype(int) - 128).astype(numpy.int8) is right for pixels where -128 is black"
        } else {
            ""
        };
        format!(
            "save floats for real numbers, which the model quantises, or integers from {} for the \
             values of the input tensor themselves{bytes}",
            range(dtype)
        )
    } else if integer_range(dtype).is_some() {
        format!("save integers from {}, such as x.astype(numpy.{name})", range(dtype))
    } else {
        format!("save it as {name}, the type of the input: x.astype(numpy.{name})")
    }
}

/// Returns the range of a type, in words.
fn range(dtype: DType) -> String {
    match integer_range(dtype) {
        Some((least, greatest)) => format!("{least} to {greatest}"),
        None if dtype == DType::F32 => format!("{} to {}", f32::MIN, f32::MAX),
        None => "its least to its greatest number".to_owned(),
    }
}
