//! What becomes of the INT32 constants of shapes, when the model is converted.

use super::activations;
use super::operand::ConstantTensor;
use super::site::Site;
use crate::error::{ImportError, TensorFault};
use crate::graph::Element::Int32;

const ROLES: [&str; 2] = ["first input", "second input"];

/// Lowers SHAPE to a constant: every shape is known; `micro/kernels/shape.cc`.
pub(super) fn shape(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let index = site.stated_input(0)?;
    let dims = activations::dims(&site.graph.tensors[index], 0, activations::RANK_MAX);
    let dims = dims.map_err(|fault| site.tensor_fault("input", index, fault))?;
    let data = dims.iter().flat_map(|size| size.to_le_bytes()).collect();
    site.fold_as(0, (Int32, &[dims.len() as u32]), data)
}

/// Folds a function of two INT32 constants, of one shape or one of them a single value, without
/// fused activation; returns whether the operator is that.
pub(super) fn fold(
    site: &mut Site<'_, '_>,
    function: fn(i32, i32) -> i32,
) -> Result<bool, ImportError> {
    let is_constant = |position| site.constant(position, ROLES[position]).is_ok();
    let is_plain = site.option::<u8>("fused_activation_function").unwrap_or(0) == 0;
    if site.output_element(0)? != Int32 || !is_plain || !(0..2).all(is_constant) {
        return Ok(false);
    }
    let [a, b] = [read(site, 0)?, read(site, 1)?];
    let (long, short) = if a.0.len() >= b.0.len() { (&a, &b) } else { (&b, &a) };
    if short.0.len() != 1 && long.1.dims != short.1.dims {
        let [found, need] = [&a.1.dims, &b.1.dims].map(|dims| format!("{dims:?}"));
        return Err(site.tensor_fault(ROLES[0], a.1.index, TensorFault::Shape { found, need }));
    }
    let values = (0..long.0.len()).flat_map(|place| {
        let of = |values: &[i32]| values[if values.len() == 1 { 0 } else { place }];
        function(of(&a.0), of(&b.0)).to_le_bytes()
    });
    let data = values.collect();
    site.fold_as(0, (Int32, &long.1.dims), data)?;
    Ok(true)
}

fn read<'s>(
    site: &Site<'s, '_>,
    position: usize,
) -> Result<(Vec<i32>, ConstantTensor<'s>), ImportError> {
    let constant = site.constant_of(position, ROLES[position], &[Int32])?;
    let values = constant.data.as_chunks().0.iter().map(|value| i32::from_le_bytes(*value));
    Ok((values.collect(), constant))
}
