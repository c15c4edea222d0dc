//! Lowers SQUARED_DIFFERENCE, the square of the difference of two values.

use super::broadcast::{Operation, Pair, set_scale};
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element;
use crate::quantize;

/// Lowers squares of differences.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let pair = Pair::read(site, &[Element::Int8], None)?;
    let [a, b] = pair.scales();
    let multipliers = quantize::squared_difference(a, b, pair.output.tensor.scale)
        .map_err(|fault| site.multiplier_fault(0, fault))?;
    let mut body = pair.body(Operation::SquaredDifference);
    for (place, multiplier) in multipliers.into_iter().enumerate() {
        set_scale(&mut body, place, multiplier);
    }
    body.left_shift = quantize::SQUARED_DIFFERENCE_LEFT_SHIFT;
    pair.emit(site, &body);
    Ok(())
}
