//! Lowers RESHAPE, which changes a shape and no bytes.

use super::site::Site;
use crate::error::ImportError;

/// Lowers a change of shape. The new shape is that of the output tensor; TFLite Micro never reads
/// the input that repeats it.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=2, 1..=1)?;
    let need = site.output_dims()?;
    site.reshaped()?.write(site, &need)
}
