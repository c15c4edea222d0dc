//! Checks the constant records: each is a stretch of the constants, after the one before.

use super::require;
use crate::error::FormatError;
use crate::header::{CONSTANT_ALIGN, NONE};
use crate::model::Model;

/// Checks that no two constants share bytes, so that a copy of all is never longer than the
/// blob; and that the state's initial contents are as long as the state.
pub(super) fn check(model: &Model<'_>) -> Result<(), FormatError> {
    // An end is not always below 2^32, which a 32-bit address holds.
    let mut end = u64::from(model.header().constants_offset);
    for (record, index) in model.sections.constants.iter().zip(0..) {
        let start = u64::from(record.offset);
        let follows = start >= end && start.is_multiple_of(CONSTANT_ALIGN as u64);
        end = start + u64::from(record.bytes);
        if !follows || end > model.blob().len() as u64 {
            return Err(FormatError::Constant { index });
        }
    }
    let initial_bytes = model.initial_state().len();
    let fits = initial_bytes > 0 && initial_bytes == model.state_bytes();
    require(fits || model.sections.header.state_constant == NONE, "state_constant")
}
