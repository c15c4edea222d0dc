//! Lowers MAXIMUM and MINIMUM of two values.
//!
//! TFLite Micro compares the bytes, whatever their scales (`micro/kernels/maximum_minimum.h`);
//! converters give all three tensors one scale.

use super::broadcast::{Operation, Pair};
use super::integers;
use super::site::Site;
use crate::error::ImportError;
use crate::graph::Element;

/// Lowers the greater of two values.
pub(super) fn maximum(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::Maximum, i32::max)
}

/// Lowers the lesser of two values.
pub(super) fn minimum(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    lower(site, Operation::Minimum, i32::min)
}

fn lower(
    site: &mut Site<'_, '_>,
    operation: Operation,
    of_integers: fn(i32, i32) -> i32,
) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    if integers::fold(site, of_integers)? {
        return Ok(());
    }
    let pair = Pair::read(site, &[Element::Int8], None)?;
    let body = pair.body(operation);
    pair.emit(site, &body);
    Ok(())
}
