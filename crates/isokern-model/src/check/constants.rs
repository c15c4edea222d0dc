//! Checks the constant records: each is a stretch of the constants, after the one before.

use super::require;
use crate::error::FormatError;
use crate::header::{CONSTANT_ALIGN, NONE};
use crate::model::Model;

/// Checks that no two constants share bytes, so that a copy of all is never longer than the
/// blob; and that the state's initial contents are as long as the state.
pub(super) fn check(model: &Model<'_>) -> Result<(), FormatError> {
    let mut end = model.header().constants_offset as usize;
    let fault = |index| FormatError::Constant { index };
    let records = model.sections.constants;
    // There are at most 65 535: a header has 16 bits for their number.
    for (index, record) in (0_u16..).zip(records) {
        let start = record.offset as usize;
        if start < end || !start.is_multiple_of(CONSTANT_ALIGN) {
            return Err(fault(index));
        }
        end = start.checked_add(record.bytes as usize).ok_or(fault(index))?;
        if end > model.blob().len() {
            return Err(fault(index));
        }
    }
    let constant = model.sections.header.state_constant;
    let fits = constant == NONE || model.initial_state().len() == model.state_bytes();
    require(fits && (constant == NONE || model.state_bytes() > 0), "state_constant")
}
