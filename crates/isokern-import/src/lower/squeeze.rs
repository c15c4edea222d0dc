//! Lowers SQUEEZE, which takes dimensions of 1 out of a shape and changes no bytes.

use super::site::Site;
use crate::error::ImportError;

/// Lowers to a reshape. Which dimensions of 1 are taken out is what the shape of the output says.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let input = site.reshaped()?;
    let mut need = site.output_dims()?;
    if !without_ones(&input.dims, &need) {
        need = input.dims.iter().copied().filter(|&size| size != 1).collect();
    }
    input.write(site, &need)
}

/// Returns whether `left` is `dims` without some dimensions of 1.
fn without_ones(dims: &[u32], left: &[u32]) -> bool {
    let mut left = left.iter().peekable();
    let taken = |size: &u32| left.next_if_eq(&size).is_some() || *size == 1;
    dims.iter().all(taken) && left.next().is_none()
}
