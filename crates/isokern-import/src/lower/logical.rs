//! Lowers LOGICAL_AND, LOGICAL_OR and LOGICAL_NOT.

use super::broadcast::{Operation, Pair};
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element;

pub(super) fn and(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::LogicalAnd)
}

pub(super) fn or(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::LogicalOr)
}

fn lower(site: &mut Site<'_, '_>, operation: Operation) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let pair = Pair::read(site, &[Element::Bool], None)?;
    let body = pair.body(operation);
    pair.emit(site, &body);
    Ok(())
}

/// Lowers a negation: whether the value equals false.
pub(super) fn not(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let pair = Pair::with_false(site)?;
    let body = pair.body(Operation::LogicalEqual);
    pair.emit(site, &body);
    Ok(())
}
