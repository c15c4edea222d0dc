//! Lowers ADD, the sum of two activations.

use isokern_model::encode::DraftOp;
use isokern_model::operators::add::{Add, AddBody};

use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::quantize;

/// Lowers a sum of two activations of one shape.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let a = site.input(0, "first input")?;
    let b = site.input(1, "second input")?;
    let fused = site.fused_activation()?;
    let output = site.output()?;
    if a.tensor.dims != output.tensor.dims || b.tensor.dims != output.tensor.dims {
        let [a, b, output] = [&a, &b, &output].map(|value| format!("{:?}", value.tensor.dims));
        return Err(site.fault(OperatorFault::Broadcast { a, b, output }));
    }
    let activation = site.activation(fused, &output.tensor)?;
    let multipliers = quantize::add(a.tensor.scale, b.tensor.scale, output.tensor.scale)
        .map_err(|fault| site.multiplier_fault(0, fault))?;
    let body = AddBody {
        multiplier: multipliers.map(|multiplier| multiplier.mantissa),
        shift: multipliers.map(|multiplier| multiplier.shift),
        left_shift: quantize::ADD_LEFT_SHIFT,
        activation_min: activation.min,
        activation_max: activation.max,
        reserved: 0,
    };
    site.emit(DraftOp::new::<Add>(&body, &[a.place, b.place], &[output.place]));
    Ok(())
}
