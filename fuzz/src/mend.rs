//! Repairs of a mutated packed model, so that more than its first check is attacked.
//!
//! A mutation of a count, a shape or a list leaves much that follows from it wrong: offsets, sizes,
//! sums, totals. Each repair writes one such thing anew from what is there. The last byte of an
//! input chooses the repairs, a bit each, so that the fuzzer also gets past none of them.

use isokern_cpu::core::DType;
use isokern_cpu::core::compute::ModelArtifact;
use isokern_model::header::{
    CONSTANT_ALIGN, FORMAT_VERSION, HEADER_BYTES, MAGIC, PROFILE_TFLM, PROFILE_TFLM_VERSION,
    SECTION_ALIGN,
};
use isokern_model::layout::Layout;
use isokern_model::record::OPERATOR_BYTES;
use isokern_model::tensor::{Region, TensorRecord};
use isokern_model::weights::StoredWeights;
use isokern_model::{Model, OpKind, OpSet};

use crate::records::Records;

/// All repairs, in the order they are made; bit `n` of the choice is the `n`th.
const REPAIRS: [fn(&mut Records<'_>); 8] =
    [sections, sizes, stretches, constants, places, lifetimes, sums, totals];

/// Writes magic, versions, length and checksum, and makes the repairs of a choice before.
///
/// Returns whether there is a header to repair.
pub fn mend(blob: &mut [u8], repairs: u8) -> bool {
    let Ok(length) = u32::try_from(blob.len()) else { return false };
    if blob.len() < HEADER_BYTES {
        return false;
    }
    let mut records = Records { blob };
    records.header(|header| {
        header.magic = MAGIC;
        header.format_version = FORMAT_VERSION;
        header.profile = PROFILE_TFLM;
        header.profile_version = PROFILE_TFLM_VERSION;
        header.blob_bytes = length;
    });
    for (bit, repair) in REPAIRS.iter().enumerate() {
        if repairs & 1 << bit != 0 {
            repair(&mut records);
        }
    }
    records.seal();
    true
}

/// Puts the sections where the counts say.
fn sections(records: &mut Records<'_>) {
    let len = records.blob.len();
    let operators = records.front().names_end().next_multiple_of(SECTION_ALIGN);
    records.header(|header| {
        let count = usize::from(header.operator_count);
        let constants = (operators + count * OPERATOR_BYTES).next_multiple_of(SECTION_ALIGN);
        header.operators_offset = operators as u32;
        header.constants_offset = constants as u32;
        header.constants_bytes = len.saturating_sub(constants) as u32;
    });
}

/// Gives every tensor the bytes of its sizes and its type; sizes of more bytes than the field
/// counts become 1.
fn sizes(records: &mut Records<'_>) {
    for index in 0..records.front().tensor_count.into() {
        records.tensor(index, |record| {
            let element = DType::from_code(record.dtype).map_or(1, DType::size_bytes) as u32;
            let bytes =
                record.dims.iter().try_fold(element, |bytes, size| bytes.checked_mul(*size));
            if bytes.is_none() {
                record.dims.fill(1);
            }
            record.bytes = bytes.unwrap_or(element);
        });
    }
}

/// Lets the tensors and constants of each operator start where those of the last one end.
fn stretches(records: &mut Records<'_>) {
    let front = records.front();
    let mut list = front.input_count.wrapping_add(front.output_count);
    let mut constant = 0_u16;
    for index in 0..front.operator_count.into() {
        records.operator(index, |record| {
            (record.list_start, record.constant_start) = (list, constant);
            for count in [record.input_count, record.output_count, record.scratch_count] {
                list = list.wrapping_add(count.into());
            }
            constant = constant.wrapping_add(record.constant_count.into());
        });
    }
}

/// Moves constants that share bytes or are outside to where the one before ends, and cuts what
/// is too long.
fn constants(records: &mut Records<'_>) {
    let (front, len) = (records.front(), records.blob.len());
    let mut aligns = vec![CONSTANT_ALIGN; front.constant_count.into()];
    let mut align = |constant: u16, to| {
        aligns.get_mut(usize::from(constant)).into_iter().for_each(|align| *align = to);
    };
    align(front.state_constant, SECTION_ALIGN);
    let weights_align = if front.layout == Layout::Packed.code() { SECTION_ALIGN } else { 16 };
    let copy = ModelArtifact::from_bytes(&*records.blob);
    for (index, op) in Model::of_checked(copy.bytes()).iter().flat_map(Model::ops).enumerate() {
        let record = records.operator_at(index);
        if let Some(record) = record.filter(|_| op.weights() != StoredWeights::None) {
            align(record.constant_start, weights_align);
        }
    }
    let mut end = front.constants_offset as usize;
    for (index, align) in aligns.into_iter().enumerate() {
        records.constant(index, |record| {
            let mut start = record.offset as usize;
            let follows = start >= end && start.is_multiple_of(CONSTANT_ALIGN);
            if !follows || start + record.bytes as usize > len {
                start = end.next_multiple_of(align);
            }
            record.offset = start as u32;
            record.bytes = record.bytes.min(len.saturating_sub(start) as u32);
            end = start + record.bytes as usize;
        });
    }
}

/// Puts all tensors of a region one after the other, but those that share a root; makes arena and
/// state as long as that takes.
fn places(records: &mut Records<'_>) {
    let count = usize::from(records.front().tensor_count);
    let mut ends = [0_u32; 2];
    let mut offsets = vec![0; count];
    for (index, offset) in offsets.iter_mut().enumerate() {
        records.tensor(index, |record| {
            if usize::from(record.root) == index || usize::from(record.root) >= count {
                let end = &mut ends[usize::from(is_state(record))];
                record.offset = end.checked_next_multiple_of(8).unwrap_or(u32::MAX);
                *end = record.offset.saturating_add(record.bytes);
            }
            *offset = record.offset;
        });
    }
    for index in 0..count {
        records.tensor(index, |record| {
            record.offset = offsets.get(usize::from(record.root)).copied().unwrap_or(record.offset);
        });
    }
    let [arena, state] = ends;
    records.header(|header| (header.arena_bytes, header.state_bytes) = (arena.max(1), state));
}

/// Works out steps and roots of all tensors from the lists, as the encoder does.
fn lifetimes(records: &mut Records<'_>) {
    let front = records.front();
    let end = front.operator_count.wrapping_add(1);
    let mut tensors: Vec<TensorRecord> =
        (0..front.tensor_count.into()).map_while(|index| records.tensor_at(index)).collect();
    for (tensor, root) in tensors.iter_mut().zip(0..) {
        let last_step = if is_state(tensor) { end } else { 0 };
        (tensor.first_step, tensor.last_step, tensor.root) = (0, last_step, root);
    }
    for (index, step) in (0..front.operator_count.into()).zip(1..) {
        let Some(record) = records.operator_at(index) else { break };
        let counts = [record.input_count, record.output_count, record.scratch_count];
        let mut place = usize::from(record.list_start);
        let [inputs, outputs, scratch] = counts.map(|count| {
            let listed = records.listed(place, count.into());
            place += usize::from(count);
            listed
        });
        for &input in &inputs {
            alive(&mut tensors, input, |tensor| tensor.last_step = step);
        }
        let root = shared_root(&tensors, record.kind, (&inputs, &outputs));
        for &output in outputs.iter().chain(&scratch) {
            alive(&mut tensors, output, |tensor| {
                (tensor.first_step, tensor.last_step) = (step, step);
                tensor.root = root.unwrap_or(output);
            });
        }
    }
    for output in records.listed(front.input_count.into(), front.output_count.into()) {
        alive(&mut tensors, output, |tensor| tensor.last_step = end);
    }
    for (index, tensor) in tensors.into_iter().enumerate() {
        records.tensor(index, |record| *record = tensor);
    }
}

/// Returns the root that the output of an operator shares with its input, if it runs in place.
fn shared_root(
    tensors: &[TensorRecord],
    kind: u8,
    (inputs, outputs): (&[u16], &[u16]),
) -> Option<u16> {
    let arena = |index: &u16| tensors.get(usize::from(*index)).filter(|record| !is_state(record));
    let (input, output) = (arena(inputs.first()?)?, arena(outputs.first()?)?);
    let in_place = OpKind::from_code(kind)?.is_in_place() && input.offset == output.offset;
    in_place.then_some(input.root)
}

fn is_state(record: &TensorRecord) -> bool {
    record.region == Region::State.code()
}

/// Changes a tensor of the arena.
fn alive(tensors: &mut [TensorRecord], index: u16, change: impl FnOnce(&mut TensorRecord)) {
    if let Some(tensor) = tensors.get_mut(usize::from(index)).filter(|record| !is_state(record)) {
        change(tensor);
    }
}

/// Zeroes the padding of packed weights, and writes each output's sum.
fn sums(records: &mut Records<'_>) {
    let copy = ModelArtifact::from_bytes(&*records.blob);
    let Some(model) = Model::of_checked(copy.bytes()) else { return };
    for (index, op) in model.ops().enumerate() {
        let Some(record) = records.operator_at(index) else { break };
        let StoredWeights::ByLayout(weights) = op.weights() else { continue };
        let bytes = weights.layout.weight_bytes(weights.outputs, weights.terms);
        let fits = bytes == Some(weights.values.len()) && !weights.values.is_empty();
        if weights.layout == Layout::Row || !fits {
            continue;
        }
        let (mut padded, mut sums) =
            (vec![0_i8; weights.values.len()], vec![0_i32; weights.outputs]);
        for (output, sum) in sums.iter_mut().enumerate() {
            for row in 0..weights.terms.rows {
                for term in 0..weights.terms.row_terms {
                    let layout = weights.layout;
                    let at = layout.weight_index(weights.outputs, weights.terms, output, row, term);
                    padded[at] = weights.values[at];
                    *sum = sum.wrapping_add(padded[at].into());
                }
            }
        }
        let first = usize::from(record.constant_start);
        records.write_constant(first, bytemuck::cast_slice(&padded));
        let last = first + usize::from(record.constant_count).saturating_sub(1);
        records.write_constant(last, bytemuck::cast_slice(&sums));
    }
}

/// Writes the multiply-accumulates of all operators, and the set of their kinds.
fn totals(records: &mut Records<'_>) {
    let copy = ModelArtifact::from_bytes(&*records.blob);
    let Some(model) = Model::of_checked(copy.bytes()) else { return };
    let (mut macs, mut set) = (0_u64, OpSet::EMPTY);
    for op in model.ops() {
        macs = macs.saturating_add(op.cost().macs);
        set = set.with(op.kind());
    }
    records.header(|header| {
        (header.macs_low, header.macs_high) = (macs as u32, (macs >> 32) as u32);
        header.operator_set = set.words();
    });
}

#[cfg(test)]
#[path = "mend_tests.rs"]
mod tests;
