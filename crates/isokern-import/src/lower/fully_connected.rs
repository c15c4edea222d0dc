//! Lowers FULLY_CONNECTED, the product of rows with a matrix.

use isokern_model::encode::{Constant, DraftOp};
use isokern_model::layout::Terms;
use isokern_model::operators::dot_body::{DotBody, constants};
use isokern_model::operators::fully_connected::FullyConnected;

use super::dot;
use super::site::Site;
use crate::error::{ImportError, OperatorFault};

const WEIGHTS_FORMAT: &str = "weights_format";

/// Lowers a fully connected operator: weights `[unit][term]`.
///
/// Rows are counted as TFLite counts them, by the output: all its dimensions but the
/// last. With one scale the multiplier comes from a `float` product and the weights may
/// have a zero point; with a scale per unit neither is so.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=3, 1..=1)?;
    let input = site.input(0, "input")?;
    let weights = dot::weights::<2>(site, 0)?;
    let options = Options::read(site)?;
    if options.weights_format != 0 {
        let (field, found) = (WEIGHTS_FORMAT, options.weights_format.into());
        return Err(site.fault(OperatorFault::Option { field, found, least: 0, most: 0 }));
    }
    let [units, terms] = weights.dims;
    let terms = terms as usize;
    let output = site.output()?;
    let mut shape = output.tensor.dims.clone();
    if let Some(last) = shape.last_mut() {
        *last = units;
    }
    site.shape(&output, &shape)?;
    let rows = output.tensor.len() / units as usize;
    if rows.checked_mul(terms) != Some(input.tensor.len()) {
        let fault = OperatorFault::Rows { input: input.tensor.len(), rows, terms };
        return Err(site.fault(fault));
    }
    let activation = site.activation(options.fused, &output.tensor)?;
    let (bias, bias_scale) = dot::bias(site, units as usize)?;
    let (input_scale, output_scale) = (input.tensor.scale, output.tensor.scale);
    let scaling = match *weights.scales {
        [scale] => dot::shared_scaling(site, input_scale, scale, bias_scale, output_scale)?,
        _ => {
            weights.symmetric(site)?;
            dot::scaling(site, input_scale, &weights.scales, output_scale)?
        }
    };
    let body = DotBody {
        activation_min: activation.min,
        activation_max: activation.max,
        scale_count: scaling.multiplier.len() as u32,
        outputs: units,
        weight_zero_point: weights.zero_point.into(),
        ..DotBody::default()
    };
    let terms = Terms { rows: 1, row_terms: terms };
    let values = Constant::Dots { values: weights.values, outputs: units as usize, terms };
    let constants = constants(values, &bias, &scaling.multiplier, &scaling.shift);
    let op = DraftOp::new::<FullyConnected>(&body, &[input.place], &[output.place]);
    site.emit(op.with_constants(constants));
    Ok(())
}

struct Options {
    /// Only 0, the order of the schema's own description, is supported.
    weights_format: u8,
    fused: u8,
}

impl Options {
    fn read(site: &Site<'_, '_>) -> Result<Self, ImportError> {
        Ok(Self { weights_format: site.option(WEIGHTS_FORMAT)?, fused: site.fused_activation()? })
    }
}
