//! Lowers ADD_N, the sum of two or more activations of one shape and scale.

use isokern_model::encode::DraftOp;
use isokern_model::operators::add_n::{AddN, AddNBody};

use super::operand::Value;
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::quantize;

/// Inputs that the packed format has room for.
const INPUTS_MAX: usize = u8::MAX as usize;

/// Lowers a sum.
///
/// TFLite Micro scales each summand by exactly one half after it has moved it 20 bits left, and
/// starts from real zero less a zero point, not from zero (`kernels/internal/reference/add_n.h`).
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=INPUTS_MAX, 1..=1)?;
    let count = site.input_count();
    let inputs: Result<Vec<Value>, _> = (0..count).map(|at| site.input(at, "input")).collect();
    let (inputs, output) = (inputs?, site.output()?);
    let first = &inputs[0].tensor;
    let quantisation = |value: &Value| (value.tensor.scale.to_bits(), value.tensor.zero_point);
    if inputs.iter().any(|input| quantisation(input) != quantisation(&inputs[0])) {
        return Err(site.fault(OperatorFault::SummandScales));
    }
    for input in &inputs {
        site.shape(&output, &input.tensor.dims)?;
    }
    let [_, _, multiplier] = quantize::add(first.scale, first.scale, output.tensor.scale)
        .map_err(|fault| site.multiplier_fault(0, fault))?;
    let zero_points = (count + 1) as i32;
    let body = AddNBody {
        multiplier: multiplier.mantissa,
        offset: i32::from(first.zero_point) * zero_points,
        shift: multiplier.shift,
        left_shift: quantize::ADD_LEFT_SHIFT - 1,
        zero_point: output.tensor.zero_point as i8,
        reserved: 0,
    };
    let places: Vec<u16> = inputs.iter().map(|input| input.place).collect();
    site.emit(DraftOp::new::<AddN>(&body, &places, &[output.place]));
    Ok(())
}
