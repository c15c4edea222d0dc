//! The stored body of all operators made of dot products, and its constants.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

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
    /// Where the weights start, from the blob's start.
    pub weights_offset: u32,
    /// Bytes of weights.
    pub weights_bytes: u32,
    /// Where the `i32` biases start.
    pub bias_offset: u32,
    /// Where the `i32` multipliers start.
    pub multiplier_offset: u32,
    /// Where the `i8` shifts start.
    pub shift_offset: u32,
    /// Where the `i32` sums of each output's weights start (packed layout), else 0.
    pub weight_sums_offset: u32,
    /// Number of multipliers and shifts: the outputs, or 1 if they share one.
    pub scale_count: u32,
    /// Number of outputs of the dot products: channels or units.
    pub outputs: u32,
    /// Quantised weight that stands for real zero; 0 but for some fully connected operators.
    pub weight_zero_point: i32,
}

const _: () = {
    assert!(size_of::<DotBody>() == 56);
    assert!(offset_of!(DotBody, weights_offset) == 20);
};

impl DotBody {
    /// Views weights whose order follows the blob's layout.
    pub(super) fn weights<'m>(&self, site: &OperatorSite<'m>, terms: Terms) -> Weights<'m> {
        let outputs = self.outputs as usize;
        let sum_count = if self.weight_sums_offset == 0 { 0 } else { outputs };
        Weights {
            layout: site.layout(),
            values: site.values(self.weights_offset, self.weights_bytes as usize),
            sums: site.values(self.weight_sums_offset, sum_count),
            outputs,
            terms,
        }
    }

    /// Views bias, scales and range.
    pub(super) fn requant<'m>(&self, site: &OperatorSite<'m>, output: &Tensor) -> Requant<'m> {
        let scale_count = self.scale_count as usize;
        Requant {
            bias: site.values(self.bias_offset, self.outputs as usize),
            multiplier: site.values(self.multiplier_offset, scale_count),
            shift: site.values(self.shift_offset, scale_count),
            zero_point: output.zero_point(),
            activation: Activation { min: self.activation_min, max: self.activation_max },
        }
    }

    /// Checks range, biases, multipliers and shifts.
    pub(super) fn check_requant(&self, site: &OperatorSite<'_>) -> Check {
        let outputs = self.outputs as usize;
        let scale_count = self.scale_count as usize;
        require(self.activation_min <= self.activation_max, "activation_min")?;
        require(outputs > 0, "outputs")?;
        require(scale_count == outputs || scale_count == 1, "scale_count")?;
        let _: &[i32] = site.constants(self.bias_offset, outputs).ok_or("bias_offset")?;
        let multipliers: &[i32] =
            site.constants(self.multiplier_offset, scale_count).ok_or("multiplier_offset")?;
        require(multipliers.iter().all(|&multiplier| multiplier >= 0), "multiplier")?;
        let shifts: &[i8] = site.constants(self.shift_offset, scale_count).ok_or("shift_offset")?;
        require(shifts.iter().all(|shift| (-31..=30).contains(shift)), "shift")
    }

    /// Checks that weights fill their layout exactly; packed ones come with true sums.
    pub(super) fn check_weights(&self, site: &OperatorSite<'_>, weights: &Weights<'_>) -> Check {
        let (outputs, terms) = (weights.outputs, weights.terms);
        require(terms.count() > 0, "weights_bytes")?;
        let expected = weights.layout.weight_bytes(outputs, terms);
        require(expected == Some(self.weights_bytes as usize), "weights_bytes")?;
        let values: &[i8] = site
            .constants(self.weights_offset, self.weights_bytes as usize)
            .ok_or("weights_offset")?;
        match weights.layout {
            Layout::Row => require(self.weight_sums_offset == 0, "weight_sums_offset"),
            Layout::Packed => {
                let sums: &[i32] =
                    site.constants(self.weight_sums_offset, outputs).ok_or("weight_sums_offset")?;
                check_packed(values, sums, outputs, terms)
            }
        }
    }
}

/// What a report says of dot products.
pub(super) const fn outline(requant: &Requant<'_>, terms: usize, zero_point: i32) -> DotOutline {
    DotOutline {
        outputs: requant.bias.len(),
        terms,
        weight_zero_point: zero_point,
        scale_count: requant.multiplier.len(),
    }
}

/// Padding is zero, and each output's weights have the stated sum: fast paths use
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
