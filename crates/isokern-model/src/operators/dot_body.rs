//! The stored body of all operators made of dot products, and its constants.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

#[cfg(feature = "std")]
use crate::constant::Constant;
use crate::geometry::Window;
use crate::layout::{BLOCK_OUTPUTS, GROUP_TERMS, Layout, Terms};
use crate::operator::{Check, DotOutline, require};
use crate::requant::{Activation, Requant};
use crate::site::OperatorSite;
use crate::tensor::Tensor;
use crate::weights::Weights;

/// Body of convolutions and fully connected operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct DotBody {
    /// The window; zeros without one.
    pub window: Window,
    /// Least output value.
    pub activation_min: i8,
    /// Greatest output value.
    pub activation_max: i8,
    /// Output channels per input channel (depthwise), else 0.
    pub depth_multiplier: u16,
    /// Number of multipliers and shifts: the outputs, or 1 if they share one.
    pub scale_count: u32,
    /// Number of outputs of the dot products: channels or units.
    pub outputs: u32,
    /// Quantised weight that represents real zero; 0 but for some fully connected operators.
    pub weight_zero_point: i32,
    /// Groups of channels of a convolution that has several, else 0.
    pub groups: u16,
    /// Zero.
    pub reserved: u16,
}

const _: () = {
    assert!(size_of::<DotBody>() == 36);
    assert!(offset_of!(DotBody, scale_count) == 20);
};

// The constants of all these operators, by position.
const WEIGHTS: usize = 0;
const BIAS: usize = 1;
const MULTIPLIER: usize = 2;
const SHIFT: usize = 3;
/// Each output's sum of weights: in the packed layout, for weights whose order follows it.
const WEIGHT_SUMS: usize = 4;

impl DotBody {
    /// Views weights whose order follows the blob's layout.
    pub(super) fn weights<'m>(&self, site: &OperatorSite<'m>, terms: Terms) -> Weights<'m> {
        Weights {
            layout: site.layout(),
            values: site.constant(WEIGHTS),
            sums: site.constant(WEIGHT_SUMS),
            outputs: self.outputs as usize,
            terms,
        }
    }

    /// Views bias, scales and range.
    pub(super) fn requant<'m>(&self, site: &OperatorSite<'m>, output: &Tensor) -> Requant<'m> {
        Requant {
            bias: site.constant(BIAS),
            multiplier: site.constant(MULTIPLIER),
            shift: site.constant(SHIFT),
            zero_point: output.zero_point(),
            activation: Activation { min: self.activation_min, max: self.activation_max },
        }
    }

    /// Checks groups, which some kinds may have, range, biases, multipliers and shifts. The outputs
    /// are those of a tensor: not none.
    pub(super) fn check_requant(&self, site: &OperatorSite<'_>, may_have_groups: bool) -> Check {
        let outputs = self.outputs as usize;
        let scale_count = self.scale_count as usize;
        require(may_have_groups || self.groups == 0, "groups")?;
        require(self.reserved == 0, "body")?;
        require(self.activation_min <= self.activation_max, "activation_min")?;
        require(scale_count == outputs || scale_count == 1, "scale_count")?;
        require(site.has_constant::<i32>(BIAS, outputs), "bias")?;
        require(site.has_constant::<i32>(MULTIPLIER, scale_count), "multiplier")?;
        let multipliers: &[i32] = site.constant(MULTIPLIER);
        require(multipliers.iter().all(|&multiplier| multiplier >= 0), "multiplier")?;
        require(site.has_constant::<i8>(SHIFT, scale_count), "shift")?;
        let shifts: &[i8] = site.constant(SHIFT);
        require(shifts.iter().all(|shift| (-31..=30).contains(shift)), "shift")
    }

    /// Checks that weights fill their layout exactly; packed ones come with true sums.
    pub(super) fn check_weights(&self, site: &OperatorSite<'_>, weights: &Weights<'_>) -> Check {
        let (outputs, terms) = (weights.outputs, weights.terms);
        let expected = weights.layout.weight_bytes(outputs, terms);
        require(expected == Some(weights.values.len()), "weights")?;
        match weights.layout {
            Layout::Row => require(site.constant_count() == WEIGHT_SUMS, "constant_count"),
            Layout::Packed => {
                require(site.constant_count() == WEIGHT_SUMS + 1, "constant_count")?;
                require(site.has_constant::<i32>(WEIGHT_SUMS, outputs), "weight_sums")?;
                check_packed(weights.values, weights.sums, outputs, terms)
            }
        }
    }

    /// Views weights that have one order in both layouts.
    pub(super) fn fixed_weights<'m>(site: &OperatorSite<'m>) -> &'m [i8] {
        site.constant(WEIGHTS)
    }

    /// Checks that there are `count` weights of one order, and no sums.
    pub(super) fn check_fixed_weights(site: &OperatorSite<'_>, count: Option<usize>) -> Check {
        let values: &[i8] = site.constant(WEIGHTS);
        require(count == Some(values.len()), "weights")?;
        require(site.constant_count() == WEIGHT_SUMS, "constant_count")
    }
}

/// Returns what a report says of dot products.
pub(super) const fn outline(requant: &Requant<'_>, terms: usize, zero_point: i32) -> DotOutline {
    DotOutline {
        outputs: requant.bias.len(),
        terms,
        weight_zero_point: zero_point,
        scale_count: requant.multiplier.len(),
    }
}

/// Checks that padding is zero, and that each output's weights have the stated sum: fast paths use
/// the sums, plain ones do not, and both must come to the same answer.
fn check_packed(values: &[i8], sums: &[i32], outputs: usize, terms: Terms) -> Check {
    for output in 0..outputs.next_multiple_of(BLOCK_OUTPUTS) {
        let mut sum = 0_i32;
        for row in 0..terms.rows {
            for term in 0..terms.row_groups() * GROUP_TERMS {
                let index = Layout::Packed.weight_index(outputs, terms, output, row, term);
                let value = values.get(index).copied().unwrap_or(0);
                let is_padding = term >= terms.row_terms || output >= outputs;
                require(value == 0 || !is_padding, "weights")?;
                sum = sum.wrapping_add(value.into());
            }
        }
        require(sums.get(output).copied().unwrap_or(0) == sum, "weight_sums")?;
    }
    Ok(())
}

/// Returns the constants of an operator made of dot products, in their order.
#[cfg(feature = "std")]
#[must_use]
pub fn constants(
    weights: Constant,
    bias: &[i32],
    multiplier: &[i32],
    shift: &[i8],
) -> std::vec::Vec<Constant> {
    // The sums of packed weights follow when the layout is known.
    std::vec![weights, Constant::of(bias), Constant::of(multiplier), Constant::of(shift)]
}
