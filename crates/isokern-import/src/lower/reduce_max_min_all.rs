//! Lowers REDUCE_MAX, REDUCE_MIN and REDUCE_ALL, over any dimensions.

use super::axes::{self, Reduced, Reduction};
use super::operand::Value;
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element;

/// Lowers the greatest value.
pub(super) fn max(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    extreme(site, Reduction::Maximum)
}

/// Lowers the least value.
pub(super) fn min(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    extreme(site, Reduction::Minimum)
}

/// Lowers whether all values are true.
pub(super) fn all(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let keeps_dims = site.option("keep_dims")?;
    let input = site.input_of(0, "input", &[Element::Bool])?;
    let axes = axes::read(site, input.tensor.dims.len())?;
    let output = site.output_of(0, &[Element::Bool])?;
    let reduced = Reduced { input: &input, axes: &axes, output: &output, keeps_dims };
    reduced.emit(site, Reduction::All, None)
}

/// Lowers the greatest or least value; TFLite Micro wants it at the scale of the input
/// (`EvalMinMaxHelper` in `micro/kernels/reduce_common.cc`).
fn extreme(site: &mut Site<'_, '_>, operation: Reduction) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let keeps_dims = site.option("keep_dims")?;
    let input = site.input(0, "input")?;
    let axes = axes::read(site, input.tensor.dims.len())?;
    let output = site.output()?;
    let quantisation = |value: &Value| (value.tensor.scale.to_bits(), value.tensor.zero_point);
    if quantisation(&input) != quantisation(&output) {
        return Err(site.fault(OperatorFault::PoolQuantisation));
    }
    let reduced = Reduced { input: &input, axes: &axes, output: &output, keeps_dims };
    reduced.emit(site, operation, None)
}
