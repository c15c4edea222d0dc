//! Lowers MUL, the product of two activations or of one and a constant.

use super::broadcast::{Operation, Pair, set_scale};
use super::integers;
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element;
use crate::quantize;

/// Lowers a product.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    if integers::fold(site, i32::wrapping_mul)? {
        return Ok(());
    }
    let fused = site.fused_activation()?;
    let pair = Pair::read(site, &[Element::Int8], None)?;
    let activation = site.activation(fused, &pair.output.tensor)?;
    let [a, b] = pair.scales();
    let real = quantize::dot_scale(a, b, pair.output.tensor.scale);
    let multiplier = quantize::multiplier(real).map_err(|fault| site.multiplier_fault(0, fault))?;
    let mut body = pair.body(Operation::Mul);
    set_scale(&mut body, 2, multiplier);
    (body.activation_min, body.activation_max) = (activation.min, activation.max);
    pair.emit(site, &body);
    Ok(())
}
