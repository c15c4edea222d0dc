//! Lowers EXPAND_DIMS, which puts a dimension of 1 into a shape and changes no bytes.

use super::site::Site;
use crate::error::ImportError;

const ROLE: &str = "axis";

/// Lowers to a reshape; the axis must be a constant, negative ones counting from the end.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 1..=1)?;
    let input = site.reshaped()?;
    let found = site.integer(1, ROLE)?;
    let mut need = input.dims.clone();
    need.insert(site.axis(ROLE, found, need.len() + 1)?, 1);
    input.write(site, &need)
}
