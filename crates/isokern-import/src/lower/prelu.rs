//! Lowers PRELU: values below zero are multiplied by a slope, mostly one per channel.

use super::broadcast::{Operation, Pair, set_scale};
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element;
use crate::quantize;

/// Lowers a rectifier with slopes.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let pair = Pair::read(site, &[Element::Int8], None)?;
    let ([input, slope], output) = (pair.scales(), pair.output.tensor.scale);
    let mut body = pair.body(Operation::Prelu);
    let reals =
        [(0, quantize::rescaling(input, output)), (2, quantize::dot_scale(input, slope, output))];
    for (place, real) in reals {
        let multiplier =
            quantize::multiplier(real).map_err(|fault| site.multiplier_fault(0, fault))?;
        set_scale(&mut body, place, multiplier);
    }
    pair.emit(site, &body);
    Ok(())
}
