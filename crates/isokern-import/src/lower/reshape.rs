//! Lowers RESHAPE, which changes a shape and no bytes.

use super::site::Site;
use crate::error::{ImportError, OperatorFault};

/// Lowers a change of shape. The new shape is that of the output tensor; TFLite Micro never reads
/// the input that repeats it.
pub(super) fn lower(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=2, 1..=1)?;
    let input = site.input(0, "input")?;
    let output = site.output()?;
    let (from, to) = (input.tensor.len(), output.tensor.len());
    if from != to {
        return Err(site.fault(OperatorFault::ReshapeLength { input: from, output: to }));
    }
    site.same_bytes(input.place, &output);
    Ok(())
}
