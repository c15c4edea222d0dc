//! What convolutions and fully connected operators have in common: weights, bias and
//! the integers that bring an accumulator to the scale of the output.

use super::activations::{elements, has_element};
use super::operand::ConstantTensor;
use super::site::Site;
use crate::error::{ImportError, OperatorFault, TensorFault};
use crate::graph::{Element, Quantization};
use crate::quantize::{self, MultiplierFault};

/// The input of every such operator that holds the weights.
const WEIGHTS: usize = 1;
/// The optional input that holds the bias.
const BIAS: usize = 2;

/// Constant int8 weights.
#[derive(Debug)]
pub(super) struct Weights<'s, const RANK: usize> {
    pub(super) dims: [u32; RANK],
    pub(super) values: Vec<i8>,
    /// One scale, or one per output.
    pub(super) scales: Vec<f32>,
    /// The only zero point, or that of the first output.
    pub(super) zero_point: i8,
    index: usize,
    quantization: &'s Quantization<'s>,
}

/// Multipliers and shifts, as many as there are scales.
#[derive(Debug)]
pub(super) struct Scaling {
    pub(super) multiplier: Vec<i32>,
    pub(super) shift: Vec<i8>,
}

/// Reads the weights: `RANK` dimensions, outputs along `dimension`.
pub(super) fn weights<'s, const RANK: usize>(
    site: &mut Site<'s, '_>,
    dimension: usize,
) -> Result<Weights<'s, RANK>, ImportError> {
    const ROLE: &str = "weights";
    let constant = site.constant(WEIGHTS, ROLE)?;
    let index = constant.index;
    let fault = |site: &Site<'_, '_>, fault| site.tensor_fault(ROLE, index, fault);
    has_element(constant.element, &[Element::Int8]).map_err(|found| fault(site, found))?;
    let dims = sizes(&constant).map_err(|found| fault(site, found))?;
    let need = elements(&dims);
    let found = constant.data.len();
    if found != need {
        return Err(fault(site, TensorFault::DataLength { found, need }));
    }
    let quantization = constant.quantization;
    if quantization.is_custom {
        return Err(fault(site, TensorFault::CustomQuantisation));
    }
    let outputs = dims[dimension] as usize;
    let (scales, zero_points) = (quantization.scales.len(), quantization.zero_points.len());
    // TFLite lets one zero point represent all.
    let counts_fit = scales == 1 || scales == outputs;
    if !counts_fit || (zero_points != 1 && zero_points != scales) {
        let need = if scales == 1 { 1 } else { outputs };
        return Err(fault(site, TensorFault::Scales { scales, zero_points, need }));
    }
    let along = quantization.dimension;
    if scales > 1 && usize::try_from(along) != Ok(dimension) {
        let need = dimension as i32;
        return Err(fault(site, TensorFault::Dimension { found: along, need }));
    }
    let zero_point = quantization.zero_point_values().next().unwrap_or_default();
    let out_of_range = TensorFault::ZeroPoint { found: zero_point, least: -128, most: 127 };
    let zero_point = i8::try_from(zero_point).map_err(|_| fault(site, out_of_range))?;
    site.count_weights(found)?;
    Ok(Weights {
        dims,
        values: constant.data.iter().map(|byte| byte.cast_signed()).collect(),
        scales: quantization.scale_values().collect(),
        zero_point,
        index,
        quantization,
    })
}

impl<const RANK: usize> Weights<'_, RANK> {
    /// Refuses zero points other than 0, which TFLite Micro's kernels would ignore.
    pub(super) fn symmetric(&self, site: &Site<'_, '_>) -> Result<(), ImportError> {
        match self.quantization.zero_point_values().find(|&point| point != 0) {
            None => Ok(()),
            Some(found) => {
                let fault = TensorFault::ZeroPoint { found, least: 0, most: 0 };
                Err(site.tensor_fault("weights", self.index, fault))
            }
        }
    }
}

/// Returns the sizes of a constant with `RANK` dimensions, all above zero.
fn sizes<const RANK: usize>(constant: &ConstantTensor<'_>) -> Result<[u32; RANK], TensorFault> {
    let rank = |found: Vec<u32>| TensorFault::Rank { found: found.len(), least: RANK, most: RANK };
    let dims: [u32; RANK] = constant.dims.clone().try_into().map_err(rank)?;
    if dims.contains(&0) { Err(TensorFault::Dims { found: format!("{dims:?}") }) } else { Ok(dims) }
}

/// Reads the bias, or makes one of zeros where it is left out, and its scale if it has one.
pub(super) fn bias(
    site: &Site<'_, '_>,
    outputs: usize,
) -> Result<(Vec<i32>, Option<f32>), ImportError> {
    const ROLE: &str = "bias";
    if !site.has_input(BIAS) {
        return Ok((vec![0; outputs], None));
    }
    let constant = site.constant(BIAS, ROLE)?;
    let fault = |fault| site.tensor_fault(ROLE, constant.index, fault);
    has_element(constant.element, &[Element::Int32]).map_err(fault)?;
    let need = outputs.saturating_mul(4);
    let found = constant.data.len();
    if found != need {
        return Err(fault(TensorFault::DataLength { found, need }));
    }
    let values =
        constant.data.as_chunks().0.iter().map(|value| i32::from_le_bytes(*value)).collect();
    let scale = constant.quantization.scale_values().next();
    Ok((values, scale))
}

/// Returns the multiplier of each scale of the weights, all in `double`.
pub(super) fn scaling(
    site: &Site<'_, '_>,
    input: f32,
    weights: &[f32],
    output: f32,
) -> Result<Scaling, ImportError> {
    let mut scaling = Scaling { multiplier: Vec::new(), shift: Vec::new() };
    for (channel, &scale) in weights.iter().enumerate() {
        let real = quantize::dot_scale(input, scale, output);
        let found = quantize::multiplier(real);
        let found = found.map_err(|fault| site.multiplier_fault(channel, fault))?;
        scaling.multiplier.push(found.mantissa);
        scaling.shift.push(found.shift);
    }
    Ok(scaling)
}

/// Returns the one multiplier of a fully connected operator with one scale.
pub(super) fn shared_scaling(
    site: &Site<'_, '_>,
    input: f32,
    weights: f32,
    bias: Option<f32>,
    output: f32,
) -> Result<Scaling, ImportError> {
    if bias.is_some_and(|bias| !quantize::bias_scale_fits(input, weights, bias, output)) {
        return Err(site.fault(OperatorFault::BiasScale));
    }
    let found = quantize::multiplier(quantize::dot_scale(input, weights, output));
    let found = found.map_err(|fault: MultiplierFault| site.multiplier_fault(0, fault))?;
    Ok(Scaling { multiplier: vec![found.mantissa], shift: vec![found.shift] })
}
