//! Checks the memory plan: nothing that is still needed is overwritten.

use crate::error::FormatError;
use crate::model::Model;
use crate::tensor::TensorRecord;

/// Checks that no two tensors of a region share bytes while both are alive, unless one is the other
/// reshaped.
///
/// The comparison is over pairs, so the cap on tensors bounds it: 524 thousand pairs.
pub(super) fn check(model: &Model<'_>) -> Result<(), FormatError> {
    for first in 0..model.tensor_count() {
        let Some(a) = model.sections.tensors.get(first) else { continue };
        for second in first + 1..model.tensor_count() {
            let Some(b) = model.sections.tensors.get(second) else { continue };
            if a.root != b.root && a.region == b.region && meet_in_time(a, b) && meet_in_space(a, b)
            {
                let number = |index| u16::try_from(index).unwrap_or(u16::MAX);
                return Err(FormatError::Overlap { first: number(first), second: number(second) });
            }
        }
    }
    Ok(())
}

const fn meet_in_time(a: &TensorRecord, b: &TensorRecord) -> bool {
    a.first_step <= b.last_step && b.first_step <= a.last_step
}

/// Returns whether two tensors meet. Their ends are inside their region: no sum overflows.
const fn meet_in_space(a: &TensorRecord, b: &TensorRecord) -> bool {
    a.offset < b.offset.saturating_add(b.bytes) && b.offset < a.offset.saturating_add(a.bytes)
}
