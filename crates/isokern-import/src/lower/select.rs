//! Lowers SELECT_V2: each element from one of two operands, by a condition.
//!
//! TFLite Micro copies the elements, whatever their scales (`micro/kernels/select.cc`).

use isokern_model::encode::{Constant, DraftOp};
use isokern_model::operators::select::{Select, SelectBody};

use super::broadcast::{broadcast, merged, source};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element;

const ROLES: [&str; 3] = ["condition", "first choice", "second choice"];

/// Lowers a choice.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(3..=3, 1..=1)?;
    let elements = [Element::Int8, Element::Int16, Element::Float32];
    let (condition, _) = source(site, (0, ROLES[0]), &[Element::Bool], false)?;
    let (holds, element) = source(site, (1, ROLES[1]), &elements, false)?;
    let are_constant = condition.place.is_none() && holds.place.is_none();
    let (fails, _) = source(site, (2, ROLES[2]), &[element], are_constant)?;
    let output = site.output_of(0, &[element])?;
    let operands = [condition, holds, fails];
    let shapes = operands.each_ref().map(|source| source.tensor.dims.as_slice());
    let [condition, holds, fails] = shapes;
    let shape = broadcast(condition, holds).and_then(|shape| broadcast(&shape, fails));
    let Some(shape) = shape else {
        let [_, a, b] = shapes.map(|dims| format!("{dims:?}"));
        return Err(site.fault(OperatorFault::Broadcast { a, b }));
    };
    site.shape(&output, &shape)?;
    let (dims, repeats) = merged(&shape, shapes);
    let constants =
        (0..).zip(&operands).map(|(bit, source)| u8::from(source.place.is_none()) << bit);
    let body = SelectBody { dims, repeats, constants: constants.sum() };
    let inputs: Vec<u16> = operands.iter().filter_map(|source| source.place).collect();
    let op = DraftOp::new::<Select>(&body, &inputs, &[output.place]);
    let constants = operands.into_iter().filter(|source| source.place.is_none());
    site.emit(op.with_constants(constants.map(|source| Constant::Values(source.data)).collect()));
    Ok(())
}
