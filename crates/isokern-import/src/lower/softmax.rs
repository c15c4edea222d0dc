//! Lowers SOFTMAX, the normalised exponentials of rows.

use isokern_model::encode::DraftOp;
use isokern_model::operators::softmax::{Softmax, SoftmaxBody};

use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::quantize;

/// The only output scale of an int8 softmax; its zero point is -128.
const OUTPUT_SCALE: f32 = 1.0 / 256.0;

/// Lowers normalised exponentials along the last dimension.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let input = site.input(0, "input")?;
    let beta: f32 = site.option("beta")?;
    let output = site.output()?;
    site.shape(&output, &input.tensor.dims)?;
    if output.tensor.scale != OUTPUT_SCALE || output.tensor.zero_point != i16::from(i8::MIN) {
        return Err(site.fault(OperatorFault::SoftmaxOutput));
    }
    let found = quantize::softmax(beta, input.tensor.scale);
    let fault = || site.fault(OperatorFault::SoftmaxScale { beta: beta.to_string() });
    let found = found.ok_or_else(fault)?;
    let body = SoftmaxBody {
        multiplier: found.multiplier,
        left_shift: found.left_shift.into(),
        diff_min: found.diff_min,
    };
    site.emit(DraftOp::new::<Softmax>(&body, &[input.place], &[output.place]));
    Ok(())
}
