//! Checks the inputs and outputs of the model, and their names.

use super::require;
use crate::error::FormatError;
use crate::header::ARENA_BYTES_MAX;
use crate::model::Model;
use crate::tensor::Region;

/// Checks that every input and output names a tensor in the arena, no input twice, that all outputs
/// together are no longer than an arena, and that the names are as many.
pub(super) fn check(model: &Model<'_>) -> Result<(), FormatError> {
    let in_arena = |index: Option<u16>| {
        let record = index.and_then(|index| model.sections.tensors.get(usize::from(index)));
        record.is_some_and(|record| record.region == Region::Arena.code())
    };
    for position in 0..model.input_count() {
        let index = model.input_index(position);
        require(in_arena(index), "inputs")?;
        require((0..position).all(|other| model.input_index(other) != index), "inputs")?;
    }
    let mut output_bytes = 0_u64;
    for position in 0..model.output_count() {
        require(in_arena(model.output_index(position)), "outputs")?;
        output_bytes += model.output_at(position).bytes() as u64;
    }
    // One tensor may be many outputs: executors hand out the bytes of all of them.
    require(output_bytes <= ARENA_BYTES_MAX as u64, "outputs")?;
    let mut names = model.sections.names();
    for _ in 0..model.input_count() + model.output_count() {
        let (&len, rest) = names.split_first().ok_or(FormatError::Header { field: "names" })?;
        names = rest.get(len.into()..).ok_or(FormatError::Header { field: "names" })?;
    }
    require(names.is_empty(), "names_bytes")
}
