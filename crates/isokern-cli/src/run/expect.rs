//! Outputs beside those that a file expects.

use core::fmt;
use std::path::PathBuf;

use isokern_core::DType;
use isokern_model::{Model, Tensor};
use serde::Serialize;

use crate::element::real_of;
use crate::error::CliError;
use crate::figures::counted;
use crate::input::{InputError, array_in, index, read_file, stored_elements};
use crate::npy::is_named_npy;
use crate::number::{Number, numbers};
use crate::ports;
use crate::source_file::source_name;
use isokern::port::Side;
use isokern::samples::Samples;
use isokern::{Port, Ports};

/// What some outputs have to be.
#[derive(Debug)]
pub(super) struct Expected {
    files: Vec<ExpectedFile>,
}

#[derive(Debug)]
struct ExpectedFile {
    port: Port,
    file: String,
    dtype: DType,
    elements: Vec<u8>,
}

/// What came of one output.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    /// The output, in words.
    pub(super) output: String,
    pub(super) file: String,
    pub(super) compared_count: usize,
    pub(super) differing_count: usize,
    /// The greatest difference; none where nothing differs, or something is no number.
    pub(super) greatest: Option<Number>,
    pub(super) first: Option<Difference>,
}

/// The first value that differs.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    pub(super) sample_index: usize,
    /// In the output's shape: `[0, 7]`.
    pub(super) index: String,
    /// The element of the output.
    pub(super) value: Number,
    /// What it represents, where that was compared.
    pub(super) real: Option<Number>,
    pub(super) expected: Number,
}

impl Expected {
    /// Reads the files that `--expect` gives.
    pub(super) fn read(given: &[PathBuf], model: &Model<'_>) -> Result<Self, CliError> {
        let ports = Ports::outputs(model);
        let mut files = Vec::new();
        for (port, path) in ports.iter().zip(ports::assign_by(&ports, "expect", given)?) {
            let Some(path) = path else { continue };
            let file = source_name(path);
            match elements(read_file(path, &file)?, is_named_npy(path), &port.tensor) {
                Ok((dtype, elements)) => {
                    files.push(ExpectedFile { port: port.clone(), file, dtype, elements });
                }
                Err(source) => return Err(CliError::Input { name: file, source }),
            }
        }
        Ok(Self { files })
    }

    /// Compares outputs: a difference of `tolerance` at most is none.
    pub(super) fn compare(
        &self,
        outputs: &Samples,
        tolerance: f64,
    ) -> Result<Vec<Comparison>, CliError> {
        let compare = |expected: &ExpectedFile| expected.compare(outputs, tolerance);
        self.files.iter().map(compare).collect()
    }
}

impl ExpectedFile {
    fn compare(&self, outputs: &Samples, tolerance: f64) -> Result<Comparison, CliError> {
        let Self { port, file, dtype, elements } = self;
        let (len, compared_count) = (port.tensor.len(), elements.len() / dtype.size_bytes());
        let expected_count = compared_count / len;
        if expected_count != outputs.count() {
            return Err(CliError::SampleCounts {
                first: file.clone(),
                first_count: expected_count,
                other: "the run".to_owned(),
                other_count: outputs.count(),
            });
        }
        let found = outputs.iter().map(|sample| &sample[port.range.clone()]);
        let found = found.flat_map(|values| numbers(values, port.tensor.dtype()));
        let mut comparison = Comparison {
            output: port.to_string(),
            file: file.clone(),
            compared_count,
            differing_count: 0,
            greatest: None,
            first: None,
        };
        let mut greatest = 0.0;
        for (place, (value, expected)) in found.zip(numbers(elements, *dtype)).enumerate() {
            let (compared, difference) = difference(value, expected, &port.tensor);
            if difference <= tolerance {
                continue;
            }
            comparison.differing_count += 1;
            // A NaN stays one.
            greatest =
                if difference > greatest || difference.is_nan() { difference } else { greatest };
            comparison.first.get_or_insert_with(|| Difference {
                sample_index: place / len,
                index: index(place % len, &shape(&port.tensor)),
                value,
                real: Some(compared).filter(|&real| real != value),
                expected,
            });
        }
        comparison.greatest = comparison.first.as_ref().map(|_| Number::Real(greatest));
        Ok(comparison)
    }
}

impl Comparison {
    /// Returns the error, where values differ.
    pub(super) fn error(&self, name: &str) -> Option<CliError> {
        let (first, greatest) = (self.first.as_ref()?, self.greatest?);
        let (name, what) = (name.to_owned(), format!("{self}: {first}"));
        Some(CliError::Unexpected { name, what, greatest })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { output, compared_count, differing_count, greatest, file, .. } = self;
        let compared = counted(*compared_count, "value");
        match greatest {
            None => write!(formatter, "{compared} of {output} equal {file}"),
            Some(greatest) => {
                let differ = if *differing_count == 1 { "differs" } else { "differ" };
                write!(
                    formatter,
                    "{differing_count} of {compared} of {output} {differ} from {file}, by \
                     up to {greatest}"
                )
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sample_index, index, value, real, expected } = self;
        write!(formatter, "sample {sample_index} has at {index} the value {value}")?;
        if let Some(real) = real {
            write!(formatter, ", which is {real}")?;
        }
        write!(formatter, ", not {expected}")
    }
}

/// Reads the elements that a file expects: those of an array, or of the output's own type.
fn elements(
    bytes: Vec<u8>,
    named_npy: bool,
    tensor: &Tensor,
) -> Result<(DType, Vec<u8>), InputError> {
    let (dtype, elements) = if let Some(array) = array_in(&bytes, named_npy)? {
        let refused = || InputError::NoNumbers { found: array.element.to_owned() };
        let (dtype, elements) = stored_elements(&array, tensor, refused)?;
        (dtype, elements.into_owned())
    } else if bytes.len().is_multiple_of(tensor.bytes()) {
        (tensor.dtype(), bytes)
    } else {
        return Err(InputError::length(Side::Output, bytes.len(), tensor));
    };
    if elements.is_empty() {
        return Err(InputError::Empty { side: Side::Output.word(), need: tensor.bytes() });
    }
    Ok((dtype, elements))
}

/// Returns what of a value was compared, and how far it is from what was expected: 0 where both
/// are equal, and where neither is a number.
///
/// Integers are compared as they are, and with real numbers what they represent, in the precision
/// of that.
fn difference(value: Number, expected: Number, tensor: &Tensor) -> (Number, f64) {
    match (value, expected) {
        (Number::Integer(found), Number::Integer(expected)) => {
            (value, found.abs_diff(expected) as f64)
        }
        (_, Number::Real(expected)) => {
            let real = real_of(value, tensor).map_or(value, Number::Real);
            (real, distance(real, expected, tensor.dtype()))
        }
        (Number::Real(_), Number::Integer(expected)) => {
            (value, distance(value, expected as f64, tensor.dtype()))
        }
    }
}

fn distance(found: Number, expected: f64, dtype: DType) -> f64 {
    let found = match found {
        Number::Integer(found) => found as f64,
        Number::Real(found) => found,
    };
    let is_single = dtype != DType::F64 && found as f32 == expected as f32;
    let is_equal = found == expected || is_single || found.is_nan() && expected.is_nan();
    if is_equal { 0.0 } else { (found - expected).abs() }
}

fn shape(tensor: &Tensor) -> Vec<u64> {
    tensor.shape().iter().map(|&size| size.into()).collect()
}
