//! Lowers ADD, the sum of two activations or of one and a constant.

use isokern_model::encode::DraftOp;
use isokern_model::operators::add::{Add, AddBody};

use super::broadcast::{Operation, Pair, set_scale};
use super::integers;
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element;
use crate::quantize;

/// Lowers a sum; one of two activations of one shape has a kind of its own.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    if integers::fold(site, i32::wrapping_add)? {
        return Ok(());
    }
    let fused = site.fused_activation()?;
    let pair = Pair::read(site, &[Element::Int8], None)?;
    let activation = site.activation(fused, &pair.output.tensor)?;
    let [a, b] = pair.scales();
    let multipliers = quantize::add(a, b, pair.output.tensor.scale)
        .map_err(|fault| site.multiplier_fault(0, fault))?;
    if let Some(inputs) = pair.alike() {
        let body = AddBody {
            multiplier: multipliers.map(|multiplier| multiplier.mantissa),
            shift: multipliers.map(|multiplier| multiplier.shift),
            left_shift: quantize::ADD_LEFT_SHIFT,
            activation_min: activation.min,
            activation_max: activation.max,
            reserved: 0,
        };
        site.emit(DraftOp::new::<Add>(&body, &inputs, &[pair.output.place]));
        return Ok(());
    }
    let mut body = pair.body(Operation::Add);
    for (place, multiplier) in multipliers.into_iter().enumerate() {
        set_scale(&mut body, place, multiplier);
    }
    body.left_shift = quantize::ADD_LEFT_SHIFT;
    (body.activation_min, body.activation_max) = (activation.min, activation.max);
    pair.emit(site, &body);
    Ok(())
}
