//! Lowers MEAN and SUM, over any dimensions.

use super::axes::{self, Reduced, Reduction};
use super::site::Site;
use crate::error::ImportError;
use crate::quantize;

/// Lowers a mean: a sum whose multiplier divides by the number of terms.
pub(super) fn mean(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, true)
}

/// Lowers a sum.
pub(super) fn sum(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, false)
}

fn lower(site: &mut Site<'_, '_>, is_mean: bool) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let keeps_dims = site.option("keep_dims")?;
    let input = site.input(0, "input")?;
    let axes = axes::read(site, input.tensor.dims.len())?;
    let output = site.output()?;
    let real = quantize::rescaling(input.tensor.scale, output.tensor.scale);
    let multiplier = quantize::multiplier(real).map_err(|fault| site.multiplier_fault(0, fault))?;
    let reduced = Reduced { input: &input, axes: &axes, output: &output, keeps_dims };
    let multiplier =
        if is_mean { quantize::divided(multiplier, reduced.terms()) } else { multiplier };
    reduced.emit(site, Reduction::Sum, Some(multiplier))
}
