//! The variable sections while they grow: records, lists, names and constants.

use std::vec::Vec;

use super::EncodeError;
use super::draft::{Draft, DraftOp, DraftPort, DraftTensor};
use super::lifetimes::Lifetime;
use crate::header::NONE;
use crate::layout::Layout;
use crate::record::{ConstantRecord, OpRecord};
use crate::tensor::{RANK_MAX, TensorRecord};

/// All sections but the header. Offsets of constants count from the first of them until the
/// place of that is known.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) tensors: Vec<TensorRecord>,
    pub(super) operators: Vec<OpRecord>,
    pub(super) constant_records: Vec<ConstantRecord>,
    pub(super) lists: Vec<u16>,
    pub(super) names: Vec<u8>,
    pub(super) constants: Vec<u8>,
    pub(super) state_constant: u16,
}

impl Sections {
    /// Lays out everything that `draft` says.
    pub(super) fn of(draft: &Draft, layout: Layout) -> Result<Self, EncodeError> {
        let mut sections = Self { state_constant: NONE, ..Self::default() };
        let tensors = draft.tensors.iter().zip(draft.lifetimes());
        sections.tensors = tensors.map(|(tensor, lifetime)| record(tensor, lifetime)).collect();
        let ports = || draft.inputs.iter().chain(&draft.outputs);
        sections.lists = ports().map(|port| port.tensor).collect();
        sections.names = ports().flat_map(name).collect();
        for op in &draft.ops {
            sections.add(op, layout)?;
        }
        if draft.state.iter().any(|&byte| byte != 0) {
            sections.state_constant = count("constants", sections.constant_records.len())?;
            sections.append(&draft.state, super::SECTION_ALIGN)?;
        }
        Ok(sections)
    }

    fn add(&mut self, op: &DraftOp, layout: Layout) -> Result<(), EncodeError> {
        let first_constant = self.constant_records.len();
        let mut sums = None;
        for constant in &op.constants {
            let (bytes, align, with_sums) = constant.stored(layout);
            self.append(&bytes, align)?;
            sums = sums.or(with_sums);
        }
        if let Some(sums) = sums {
            self.append(bytemuck::cast_slice(&sums), align_of::<i32>())?;
        }
        let few = |what, found: usize| {
            let max = u8::MAX.into();
            u8::try_from(found).map_err(|_| EncodeError::TooMany { what, found, max })
        };
        self.operators.push(OpRecord {
            kind: op.kind.code(),
            input_count: few("inputs of an operator", op.inputs.len())?,
            output_count: few("outputs of an operator", op.outputs.len())?,
            scratch_count: few("scratch tensors of an operator", op.scratch.len())?,
            list_start: count("tensor indices", self.lists.len())?,
            constant_start: count("constants", first_constant)?,
            constant_count: few(
                "constants of an operator",
                self.constant_records.len() - first_constant,
            )?,
            reserved: [0; 3],
            body: op.body,
        });
        self.lists.extend(op.inputs.iter().chain(&op.outputs).chain(&op.scratch));
        Ok(())
    }

    /// Appends a constant on a boundary.
    fn append(&mut self, bytes: &[u8], align: usize) -> Result<(), EncodeError> {
        let start = self.constants.len().next_multiple_of(align);
        self.constants.resize(start, 0);
        self.constants.extend_from_slice(bytes);
        let number = |value: usize| u32::try_from(value).map_err(|_| EncodeError::TooLong);
        let record = ConstantRecord { offset: number(start)?, bytes: number(bytes.len())? };
        self.constant_records.push(record);
        Ok(())
    }

    /// Moves the offsets of all constants to a section that starts at `start`.
    pub(super) fn place_constants(&mut self, start: usize) -> Result<(), EncodeError> {
        let start = u32::try_from(start).map_err(|_| EncodeError::TooLong)?;
        for record in &mut self.constant_records {
            record.offset = record.offset.checked_add(start).ok_or(EncodeError::TooLong)?;
        }
        Ok(())
    }
}

/// Returns a number that a record has 16 bits for.
pub(super) fn count(what: &'static str, found: usize) -> Result<u16, EncodeError> {
    let max = usize::from(u16::MAX) - 1;
    match u16::try_from(found) {
        Ok(number) if found <= max => Ok(number),
        _ => Err(EncodeError::TooMany { what, found, max }),
    }
}

fn record(tensor: &DraftTensor, lifetime: Lifetime) -> TensorRecord {
    let mut dims = [1; RANK_MAX];
    for (target, size) in dims.iter_mut().rev().zip(tensor.dims.iter().rev()) {
        *target = *size;
    }
    TensorRecord {
        dtype: tensor.dtype.code(),
        rank: u8::try_from(tensor.dims.len()).unwrap_or(u8::MAX),
        region: tensor.region.code(),
        reserved: 0,
        root: lifetime.root,
        first_step: lifetime.first_step,
        last_step: lifetime.last_step,
        zero_point: tensor.zero_point,
        offset: tensor.offset,
        bytes: u32::try_from(tensor.bytes()).unwrap_or(u32::MAX),
        dims,
        scale: tensor.scale,
    }
}

/// Returns a name after a byte with its length, cut between two characters.
fn name(port: &DraftPort) -> Vec<u8> {
    let name = &port.name[..port.name.floor_char_boundary(u8::MAX.into())];
    let len = u8::try_from(name.len()).unwrap_or(u8::MAX);
    core::iter::once(len).chain(name.bytes()).collect()
}
