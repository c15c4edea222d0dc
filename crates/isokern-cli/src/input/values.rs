//! Numbers of any type as values of one tensor.

use isokern_core::DType;
use isokern_core::compute::Quantization;
use isokern_model::Tensor;
use serde::Serialize;

use super::InputError;
use crate::element::{integer_range, quantised_range};
use crate::npy::Array;
use crate::number::Number;

/// How many real numbers were cut to the range of a tensor, infinite ones too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Clipped {
    /// Real numbers that were quantised.
    pub(crate) of_count: u64,
    /// Those below the least value.
    pub(crate) below_count: u64,
    /// Those above the greatest value.
    pub(crate) above_count: u64,
}

/// Values of a tensor, made of numbers.
///
/// Integers are values as they are. Real numbers, for a tensor of quantised ones, are rounded to
/// single precision, divided by the scale, rounded (halves away from zero), moved by the zero
/// point and cut at the ends of the type; for a tensor of real numbers they are rounded to its
/// precision.
#[derive(Debug)]
pub(super) struct Values {
    target: Target,
    size: usize,
    bytes: Vec<u8>,
    clipped: Clipped,
}

/// What a tensor takes.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// Integers of a range, and real numbers that become such.
    Quantised(Quantization, i32, i32),
    /// Integers of a range.
    Integers(i128, i128),
    /// Numbers of single precision.
    Single,
    /// Numbers of double precision.
    Double,
    /// What is of its own type.
    Same,
}

/// Why a number is no value of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not one at all.
    NotANumber,
    /// It is beyond the range.
    Range,
    /// It is a whole number that a real one of this precision does not reach.
    Inexact,
    /// The tensor takes no numbers of this kind.
    Kind,
}

impl Values {
    /// Returns no values yet of so many.
    pub(super) fn new(tensor: &Tensor, count: usize) -> Self {
        let dtype = tensor.dtype();
        let target = if let Some((least, greatest)) = quantised_range(dtype) {
            let quantization = Quantization::new(tensor.scale(), tensor.zero_point());
            Target::Quantised(quantization, least, greatest)
        } else if let Some((least, greatest)) = integer_range(dtype) {
            Target::Integers(least, greatest)
        } else if dtype == DType::F32 {
            Target::Single
        } else if dtype == DType::F64 {
            Target::Double
        } else {
            Target::Same
        };
        let size = dtype.size_bytes();
        Self { target, size, bytes: Vec::with_capacity(count * size), clipped: Clipped::default() }
    }

    /// Appends a number.
    pub(super) fn push(&mut self, number: Number) -> Result<(), Fault> {
        match (self.target, number) {
            (Target::Quantised(.., least, greatest), Number::Integer(value)) => {
                self.push_integer(value, least.into(), greatest.into())
            }
            (Target::Integers(least, greatest), Number::Integer(value)) => {
                self.push_integer(value, least, greatest)
            }
            (Target::Quantised(quantization, least, greatest), Number::Real(real)) => {
                if real.is_nan() {
                    return Err(Fault::NotANumber);
                }
                let value = quantization.quantize(real as f32);
                self.clipped.of_count += 1;
                self.clipped.below_count += u64::from(value < least);
                self.clipped.above_count += u64::from(value > greatest);
                self.push_bytes(&value.clamp(least, greatest).to_le_bytes())
            }
            (Target::Single, Number::Real(real)) => {
                let value = real as f32;
                if real.is_finite() && value.is_infinite() {
                    return Err(Fault::Range);
                }
                self.push_bytes(&value.to_le_bytes())
            }
            (Target::Single, Number::Integer(value)) => {
                let real = value as f32;
                if real as i128 != value {
                    return Err(Fault::Inexact);
                }
                self.push_bytes(&real.to_le_bytes())
            }
            (Target::Double, Number::Real(real)) => self.push_bytes(&real.to_le_bytes()),
            (Target::Double, Number::Integer(value)) => {
                let real = value as f64;
                if real as i128 != value {
                    return Err(Fault::Inexact);
                }
                self.push_bytes(&real.to_le_bytes())
            }
            (Target::Integers(..), Number::Real(_)) | (Target::Same, _) => Err(Fault::Kind),
        }
    }

    /// Returns the values, and what was cut.
    pub(super) fn finish(self) -> (Vec<u8>, Clipped) {
        (self.bytes, self.clipped)
    }

    fn push_integer(&mut self, value: i128, least: i128, greatest: i128) -> Result<(), Fault> {
        if !(least..=greatest).contains(&value) {
            return Err(Fault::Range);
        }
        self.push_bytes(&value.to_le_bytes())
    }

    /// Appends the low bytes, as many as a value has.
    fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.bytes.extend_from_slice(&bytes[..self.size]);
        Ok(())
    }
}

impl Fault {
    /// Returns the error for the element at this place of an array.
    pub(super) fn error(
        self,
        place: usize,
        number: Number,
        array: &Array<'_>,
        dtype: DType,
    ) -> InputError {
        let (index, value) = (index(place, &array.shape), number.to_string());
        let found = array.element.to_owned();
        match self {
            Self::NotANumber => InputError::NotANumber { index },
            Self::Range => InputError::Range { index, value, found, dtype },
            Self::Inexact => InputError::Inexact { index, value, dtype },
            Self::Kind => InputError::Element { found, dtype },
        }
    }
}

/// Returns the index of the element at a place in C order: `[0, 3, 2]`.
pub(crate) fn index(place: usize, shape: &[u64]) -> String {
    let mut rest = place as u64;
    let mut axes = Vec::with_capacity(shape.len());
    for &size in shape.iter().rev() {
        let size = size.max(1);
        axes.push((rest % size).to_string());
        rest /= size;
    }
    axes.reverse();
    format!("[{}]", axes.join(", "))
}
