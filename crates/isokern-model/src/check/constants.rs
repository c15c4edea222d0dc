//! Checks the constants of an operator: where they lie and what they may be.

use bytemuck::Pod;

use crate::layout::{BLOCK_OUTPUTS, GROUP_TERMS, Layout, Terms};
use crate::model::Model;
use crate::op::{DepthwiseConv2d, Weights};
use crate::record::DotBody;

type Fault = Result<(), &'static str>;

/// Biases, multipliers and shifts are there and in range.
pub(super) fn requant(model: &Model<'_>, body: &DotBody) -> Fault {
    let outputs = body.outputs as usize;
    let scale_count = body.scale_count as usize;
    require(outputs > 0, "outputs")?;
    require(scale_count == outputs || scale_count == 1, "scale_count")?;
    let _: &[i32] = slice(model, body.bias_offset, outputs).ok_or("bias_offset")?;
    let multipliers: &[i32] =
        slice(model, body.multiplier_offset, scale_count).ok_or("multiplier_offset")?;
    require(multipliers.iter().all(|&multiplier| multiplier >= 0), "multiplier")?;
    let shifts: &[i8] = slice(model, body.shift_offset, scale_count).ok_or("shift_offset")?;
    require(shifts.iter().all(|shift| (-31..=30).contains(shift)), "shift")
}

/// The weights fill their layout exactly; packed ones come with true sums.
pub(super) fn weights(model: &Model<'_>, body: &DotBody, weights: &Weights<'_>) -> Fault {
    let (outputs, terms) = (weights.outputs, weights.terms);
    require(terms.count() > 0, "weights_bytes")?;
    let expected = weights.layout.weight_bytes(outputs, terms);
    require(expected == Some(body.weights_bytes as usize), "weights_bytes")?;
    let values: &[i8] =
        slice(model, body.weights_offset, body.weights_bytes as usize).ok_or("weights_offset")?;
    match weights.layout {
        Layout::Row => require(body.weight_sums_offset == 0, "weight_sums_offset"),
        Layout::Packed => {
            let sums: &[i32] =
                slice(model, body.weight_sums_offset, outputs).ok_or("weight_sums_offset")?;
            packed(values, sums, outputs, terms)
        }
    }
}

/// The kernels of a depthwise convolution fill their place exactly.
pub(super) fn depthwise_weights(
    model: &Model<'_>,
    body: &DotBody,
    op: &DepthwiseConv2d<'_>,
) -> Fault {
    let area = usize::from(body.window.kernel_height) * usize::from(body.window.kernel_width);
    let expected = area.checked_mul(op.output.image().channels);
    require(expected == Some(body.weights_bytes as usize), "weights_bytes")?;
    let values: Option<&[i8]> = slice(model, body.weights_offset, body.weights_bytes as usize);
    values.map(|_| ()).ok_or("weights_offset")
}

/// Padding is zero, and each output's weights have the stated sum: fast paths use
/// the sums, plain ones do not, and both must come to the same answer.
fn packed(values: &[i8], sums: &[i32], outputs: usize, terms: Terms) -> Fault {
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

/// A slice that lies in the constants section, on a boundary of its type.
fn slice<'m, T: Pod>(model: &Model<'m>, offset: u32, count: usize) -> Option<&'m [T]> {
    if offset < model.constants_start() {
        return None;
    }
    model.constants(offset, count)
}

fn require(holds: bool, field: &'static str) -> Fault {
    if holds { Ok(()) } else { Err(field) }
}
