//! Checks the operator records against the tensors they name.

use super::require as require_header;
use crate::error::FormatError;
use crate::header::NONE;
use crate::model::Model;
use crate::operator::{Check, Cost, require};
use crate::operators::OpKind;
use crate::record::OpRecord;
use crate::site::OperatorSite;
use crate::tensor::{Region, TensorRecord};

/// Where the next operator's tensors and constants start: each begins where the last one's end,
/// so that none is named twice and none is left over.
pub(super) struct Stretches {
    list: usize,
    constant: usize,
}

impl Stretches {
    /// Returns the place after the inputs and outputs of the model.
    pub(super) const fn of(model: &Model<'_>) -> Self {
        Self { list: model.input_count() + model.output_count(), constant: 0 }
    }

    /// Checks that a record's stretches start here, and steps over them.
    fn step(&mut self, record: &OpRecord) -> Check {
        require(usize::from(record.list_start) == self.list, "list_start")?;
        require(usize::from(record.constant_start) == self.constant, "constant_start")?;
        self.list += usize::from(record.input_count)
            + usize::from(record.output_count)
            + usize::from(record.scratch_count);
        self.constant += usize::from(record.constant_count);
        Ok(())
    }

    /// Checks that nothing is left, but the state's initial contents.
    pub(super) fn check_end(&self, model: &Model<'_>) -> Result<(), FormatError> {
        let header = model.sections.header;
        require_header(self.list == header.list_len.into(), "list_len")?;
        let is_last = usize::from(header.state_constant) == self.constant;
        require_header(header.state_constant == NONE || is_last, "state_constant")?;
        let count = self.constant + usize::from(header.state_constant != NONE);
        require_header(count == header.constant_count.into(), "constant_count")
    }
}

/// Checks the operator at `index`, which is this record, and returns what it costs; its own fields
/// with `check_kind`.
#[inline(never)] // Not inlined: firmware's stack is short.
pub(super) fn check(
    model: &Model<'_>,
    (index, record): (usize, &OpRecord),
    stretches: &mut Stretches,
    check_kind: &impl Fn(&OperatorSite<'_>) -> Option<Result<Cost, &'static str>>,
) -> Result<Cost, FormatError> {
    let number = u16::try_from(index).unwrap_or(u16::MAX);
    let fault = |field| FormatError::Operator { index: number, field };
    let kind = OpKind::from_code(record.kind).ok_or(fault("kind"))?;
    require(record.reserved == [0; 3], "reserved").map_err(fault)?;
    stretches.step(record).map_err(fault)?;
    let site = model.site(record);
    tensors(model, &site, kind, index + 1).map_err(fault)?;
    let checked = check_kind(&site).ok_or(FormatError::NotBuilt { index: number })?;
    checked.map_err(fault)
}

/// Checks that the tensors exist, and are alive while the operator runs; that nothing alive is
/// written over but state, and no state that the operator reads.
fn tensors(model: &Model<'_>, site: &OperatorSite<'_>, kind: OpKind, step: usize) -> Check {
    let record = |index: Option<u16>| model.sections.tensors.get(usize::from(index?));
    for position in 0..site.input_count() {
        let input = record(site.input_index(position)).ok_or("inputs")?;
        let alive = usize::from(input.first_step) < step && step <= input.last_step.into();
        require(alive, "inputs")?;
    }
    for position in 0..site.output_count() {
        let index = site.output_index(position);
        let output = record(index).ok_or("outputs")?;
        if is_state(output) {
            let reads = (0..site.input_count()).any(|input| site.input_index(input) == index);
            require(!reads, "outputs")?;
            continue;
        }
        require(usize::from(output.first_step) == step, "outputs")?;
        let first = record(site.input_index(0));
        let root = match first.filter(|_| kind.is_in_place()) {
            Some(input) if !is_state(input) && input.offset == output.offset => input.root,
            _ => index.unwrap_or(NONE),
        };
        require(output.root == root, "outputs")?;
    }
    for position in 0..site.scratch_count() {
        let index = site.scratch_index(position);
        let scratch = record(index).ok_or("scratch")?;
        let steps = (usize::from(scratch.first_step), usize::from(scratch.last_step));
        require(steps == (step, step) && Some(scratch.root) == index, "scratch")?;
    }
    Ok(())
}

const fn is_state(record: &TensorRecord) -> bool {
    record.region == Region::State.code()
}

#[cfg(test)]
mod tests {
    use super::Stretches;
    use crate::record::OpRecord;
    use bytemuck::Zeroable;

    /// Checks the order of lists that no model reaches: no kind has scratch yet.
    #[test]
    fn scratch_is_listed_behind_inputs_and_outputs() {
        let mut stretches = Stretches { list: 2, constant: 0 };
        let mut record = OpRecord::zeroed();
        (record.list_start, record.input_count, record.output_count) = (2, 2, 1);
        (record.scratch_count, record.constant_count) = (3, 4);
        assert_eq!(stretches.step(&record), Ok(()));
        assert_eq!((stretches.list, stretches.constant), (8, 4));
        assert_eq!(stretches.step(&record), Err("list_start"));
    }
}
