//! Lowers EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL.

use super::broadcast::{Operation, Pair, set_scale};
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element;
use crate::quantize;

pub(super) fn equal(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::Equal, Some(Operation::LogicalEqual))
}

pub(super) fn not_equal(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::NotEqual, Some(Operation::LogicalNotEqual))
}

pub(super) fn greater(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::Greater, None)
}

pub(super) fn greater_equal(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::GreaterEqual, None)
}

pub(super) fn less(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::Less, None)
}

pub(super) fn less_equal(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::LessEqual, None)
}

/// Lowers a comparison of int8 values, or of truth values where there is an operation for them.
fn lower(
    site: &mut Site<'_, '_>,
    operation: Operation,
    of_bools: Option<Operation>,
) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let elements = [Element::Int8, Element::Bool];
    let elements = if of_bools.is_some() { &elements[..] } else { &elements[..1] };
    let pair = Pair::read(site, elements, Some(Element::Bool))?;
    if let Some(of_bools) = of_bools.filter(|_| pair.is_bool()) {
        let body = pair.body(of_bools);
        pair.emit(site, &body);
        return Ok(());
    }
    let mut body = pair.body(operation);
    for (place, scale) in pair.scales().into_iter().enumerate() {
        let multiplier = quantize::multiplier_below_one(scale.into());
        let multiplier = multiplier.map_err(|_| site.fault(OperatorFault::ComparisonScale))?;
        set_scale(&mut body, place, multiplier);
    }
    body.left_shift = quantize::COMPARISON_LEFT_SHIFT;
    pair.emit(site, &body);
    Ok(())
}
