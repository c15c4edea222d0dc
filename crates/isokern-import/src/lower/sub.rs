//! Lowers SUB, the difference of two activations or of one and a constant.

use super::broadcast::{Operation, Pair, set_scale};
use super::integers;
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element;
use crate::quantize;

/// Lowers a difference.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    if integers::fold(site, i32::wrapping_sub)? {
        return Ok(());
    }
    let fused = site.fused_activation()?;
    let pair = Pair::read(site, &[Element::Int8], None)?;
    let activation = site.activation(fused, &pair.output.tensor)?;
    let [a, b] = pair.scales();
    let multipliers = quantize::sub(a, b, pair.output.tensor.scale)
        .map_err(|fault| site.multiplier_fault(0, fault))?;
    let mut body = pair.body(Operation::Sub);
    for (place, multiplier) in multipliers.into_iter().enumerate() {
        set_scale(&mut body, place, multiplier);
    }
    body.left_shift = quantize::ADD_LEFT_SHIFT;
    (body.activation_min, body.activation_max) = (activation.min, activation.max);
    pair.emit(site, &body);
    Ok(())
}
