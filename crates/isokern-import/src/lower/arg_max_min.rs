//! Lowers ARG_MAX and ARG_MIN, the index of the first of the greatest or least along a dimension.

use super::axes::{self, Reduced, Reduction};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element;

pub(super) fn max(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Reduction::ArgMaximum)
}

pub(super) fn min(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Reduction::ArgMinimum)
}

/// Lowers to indices of type INT32; TFLite Micro has no others (`micro/kernels/arg_min_max.cc`).
fn lower(site: &mut Site<'_, '_>, operation: Reduction) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let input = site.input_of(0, "input", &[Element::Int8])?;
    let axes = axes::read(site, input.tensor.dims.len())?;
    if axes.len() != 1 {
        let found = axes.len() as i64;
        return Err(site.fault(OperatorFault::Option { field: "axes", found, least: 1, most: 1 }));
    }
    let output = site.output_of(0, &[Element::Int32])?;
    let reduced = Reduced { input: &input, axes: &axes, output: &output, keeps_dims: false };
    reduced.emit(site, operation, None)
}
