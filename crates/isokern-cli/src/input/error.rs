//! Why bytes are not values of an input.

use isokern_core::DType;
use thiserror::Error;

use crate::element::{self, quantised_range};
use crate::npy::NpyError;

/// Why bytes are not values of an input, one sample after another.
#[derive(Debug, Error)]
pub(crate) enum InputError {
    #[error("there are no bytes in it. Fix: give at least one input of {need} bytes")]
    Empty { need: usize },
    #[error(
        "{have} {what} are not a whole number of inputs of {need} (shape {shape}). Fix: give \
         {} inputs one after another, without a header between them",
        element::name(*.dtype)
    )]
    Length { what: &'static str, have: usize, need: usize, shape: String, dtype: DType },
    #[error("there is more than 1 GiB of it. Fix: run it in parts")]
    TooLong,
    #[error(transparent)]
    Npy(#[from] NpyError),
    #[error("it is named .npy, but does not start like one. Fix: save it with numpy.save")]
    NotNpy,
    #[error("the elements of the array are `{found}`. Fix: {}", how_to_save(*.dtype))]
    Element { found: String, dtype: DType },
    #[error(
        "an array cannot hold {}, which NumPy does not have. Fix: give raw bytes in a file with \
         another name",
        .dtype.name()
    )]
    NoElement { dtype: DType },
    #[error("the array is in Fortran order. Fix: save numpy.ascontiguousarray(x)")]
    Order,
    #[error("value {index} of the array is not a number. Fix: replace the NaN")]
    NotANumber { index: usize },
}

/// What an array for an input of this type has to be.
fn how_to_save(dtype: DType) -> String {
    let name = element::name(dtype);
    if dtype == DType::I8 {
        "save it as int8 (bytes for the input tensor) or as float32 (real numbers, quantised for \
         the model); a uint8 array of such bytes is x.view(numpy.int8)"
            .to_owned()
    } else if quantised_range(dtype).is_some() {
        format!(
            "save it as {name} (values for the input tensor) or as float32 (real numbers, \
             quantised for the model)"
        )
    } else {
        format!("save it as {name}, the type of the input: x.astype(numpy.{name})")
    }
}
