//! Checks the memory plan: nothing that is still needed is overwritten.

use crate::error::FormatError;
use crate::model::Model;
use crate::tensor::{Tensor, TensorRecord};

/// No two tensors share bytes while both are alive, unless one is the other reshaped.
///
/// The comparison is over pairs, so the cap on tensors bounds it: 524 thousand pairs.
pub(super) fn check(model: &Model<'_>) -> Result<(), FormatError> {
    for first in 0..model.tensor_count() {
        for second in first + 1..model.tensor_count() {
            let (Some(a), Some(b)) = (model.tensor_record(first), model.tensor_record(second))
            else {
                continue;
            };
            if a.root != b.root && meet_in_time(&a, &b) && meet_in_space(&a, &b) {
                let number = |index| u16::try_from(index).unwrap_or(u16::MAX);
                return Err(FormatError::Overlap { first: number(first), second: number(second) });
            }
        }
    }
    Ok(())
}

fn meet_in_time(a: &TensorRecord, b: &TensorRecord) -> bool {
    a.first_step <= b.last_step && b.first_step <= a.last_step
}

fn meet_in_space(a: &TensorRecord, b: &TensorRecord) -> bool {
    let end = |record: &TensorRecord| {
        (record.arena_offset as usize).saturating_add(Tensor::from_record(record).len())
    };
    (a.arena_offset as usize) < end(b) && (b.arena_offset as usize) < end(a)
}
