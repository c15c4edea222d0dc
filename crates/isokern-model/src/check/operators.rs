//! Checks the operator records against the tensors they name.

use crate::error::FormatError;
use crate::model::Model;
use crate::operator::{Check, Cost, require};
use crate::operators::OpKind;
use crate::record::{NONE, OpRecord};

/// Checks the operator at `index`, and returns its kind and what it costs.
#[inline(never)] // A frame of its own: firmware's stack is short.
pub(super) fn check(model: &Model<'_>, index: usize) -> Result<(OpKind, Cost), FormatError> {
    let number = u16::try_from(index).unwrap_or(u16::MAX);
    let fault = |field| FormatError::Operator { index: number, field };
    let record = model.op_record(index).ok_or(fault("record"))?;
    let kind = OpKind::from_code(record.kind).ok_or(fault("kind"))?;
    require(record.reserved == 0, "reserved").map_err(fault)?;
    tensors(model, &record, kind, index + 1).map_err(fault)?;
    let cost = kind.check(&model.site(&record), &record).map_err(fault)?;
    Ok((kind, cost))
}

/// Checks that the tensors exist, and are alive while the operator runs.
fn tensors(model: &Model<'_>, record: &OpRecord, kind: OpKind, step: usize) -> Check {
    let alive = |index: u16| {
        let (first, last) = model.tensor(index.into()).alive();
        usize::from(index) < model.tensor_count() && first < step && step <= last
    };
    require(alive(record.input), "input")?;
    if kind.inputs().1 == 2 {
        require(alive(record.input_b), "input_b")?;
    } else {
        require(record.input_b == NONE, "input_b")?;
    }
    let output = model.tensor_record(record.output.into()).ok_or("output")?;
    require(usize::from(output.first_step) == step, "output")?;
    require(!model.is_input(record.output), "output")?;
    let input = model.tensor_record(record.input.into()).ok_or("input")?;
    let in_place = kind.is_in_place() && input.arena_offset == output.arena_offset;
    require(output.root == if in_place { input.root } else { record.output }, "output")
}
