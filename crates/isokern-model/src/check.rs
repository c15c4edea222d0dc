//! Everything an executor relies on, checked once, in bounded time, without heap.
//!
//! The order matters: the header makes the sections readable, the tensors make
//! sizes trustworthy, the operators may then multiply them without overflow, and
//! the memory plan compares the places of all of them.

mod memory;
mod operators;
mod tensors;

use crate::digest;
use crate::error::FormatError;
use crate::header::{
    ARENA_BYTES_MAX, BLOB_ALIGN, CHECKSUM_START, FORMAT_VERSION, HEADER_BYTES, Header, MAGIC,
    OPERATORS_MAX, PROFILE_TFLM, PROFILE_TFLM_VERSION, SECTION_ALIGN, TENSORS_MAX, WORK_MAX,
};
use crate::kind::OpSet;
use crate::layout::Layout;
use crate::model::Model;
use crate::record::OPERATOR_BYTES;
use crate::tensor::TENSOR_BYTES;

impl<'m> Model<'m> {
    /// Checks `blob` and views it.
    ///
    /// The time is bounded by the blob's length and the caps in [`header`](crate::header);
    /// no heap is used. What is checked is listed in `docs/format.md`.
    ///
    /// # Errors
    ///
    /// The first thing found wrong, as a [`FormatError`] that names the field.
    #[inline(never)] // A frame of its own: firmware's stack holds checks or a run, not both.
    pub fn parse(blob: &'m [u8]) -> Result<Self, FormatError> {
        let model = Self::unchecked(blob, &header(blob)?);
        records(&model)?;
        Ok(model)
    }
}

/// Checks the header and where it says the sections are.
fn header(blob: &[u8]) -> Result<Header, FormatError> {
    let too_short = FormatError::TooShort { have: blob.len(), need: HEADER_BYTES };
    let front = blob.get(..HEADER_BYTES).ok_or(too_short)?;
    let header: Header = bytemuck::try_pod_read_unaligned(front).map_err(|_| too_short)?;
    if !blob.as_ptr().addr().is_multiple_of(BLOB_ALIGN) {
        return Err(FormatError::Misaligned { need: BLOB_ALIGN });
    }
    identity(&header)?;
    if header.blob_bytes as usize != blob.len() {
        let stated = header.blob_bytes as usize;
        return Err(FormatError::Length { have: blob.len(), stated });
    }
    let computed = digest::crc32(blob.get(CHECKSUM_START..).unwrap_or(&[]));
    if computed != header.checksum {
        return Err(FormatError::Checksum { computed, stated: header.checksum });
    }
    sections(&header, blob.len())?;
    Ok(header)
}

/// Checks every record, and the totals the header states.
fn records(model: &Model<'_>) -> Result<(), FormatError> {
    tensors::check(model)?;
    let (mut macs, mut work, mut set) = (0_u64, 0_u64, OpSet::EMPTY);
    let mut weight_bytes = 0_usize;
    let header = model.header();
    for index in 0..model.operator_count() {
        let (kind, cost) = operators::check(model, index)?;
        macs = macs.saturating_add(cost.macs);
        work = work.saturating_add(cost.work);
        set = set.with(kind);
        if work > WORK_MAX {
            return Err(FormatError::Header { field: "work" });
        }
        // Each operator has weights of its own, so a copy of all is never much longer.
        weight_bytes = weight_bytes.saturating_add(cost.weight_bytes);
        require(weight_bytes <= header.constants_bytes as usize, "constants_bytes")?;
    }
    require(macs == header.macs(), "macs")?;
    require(set == model.operator_set(), "operator_set")?;
    memory::check(model)
}

fn identity(header: &Header) -> Result<(), FormatError> {
    require(header.magic == MAGIC, "magic")?;
    if header.format_version != FORMAT_VERSION {
        let found = header.format_version;
        return Err(FormatError::Version { found, read: FORMAT_VERSION });
    }
    if (header.profile, header.profile_version) != (PROFILE_TFLM, PROFILE_TFLM_VERSION) {
        let (profile, version) = (header.profile, header.profile_version);
        return Err(FormatError::Profile { profile, version });
    }
    require(Layout::from_code(header.layout).is_some(), "layout")?;
    require(header.reserved == 0, "reserved")?;
    require(header.reserved_words == [0; 4], "reserved_words")
}

fn sections(header: &Header, blob_bytes: usize) -> Result<(), FormatError> {
    let tensor_count = header.tensor_count as usize;
    let operator_count = header.operator_count as usize;
    require((1..=TENSORS_MAX).contains(&tensor_count), "tensor_count")?;
    require((1..=OPERATORS_MAX).contains(&operator_count), "operator_count")?;

    let tensors_offset = header.tensors_offset as usize;
    require(tensors_offset == HEADER_BYTES, "tensors_offset")?;
    let operators_offset =
        (tensors_offset + tensor_count * TENSOR_BYTES).next_multiple_of(SECTION_ALIGN);
    require(header.operators_offset as usize == operators_offset, "operators_offset")?;
    let constants_offset =
        (operators_offset + operator_count * OPERATOR_BYTES).next_multiple_of(SECTION_ALIGN);
    require(header.constants_offset as usize == constants_offset, "constants_offset")?;
    let constants_end = constants_offset.checked_add(header.constants_bytes as usize);
    require(constants_end == Some(blob_bytes), "constants_bytes")?;

    require((1..=ARENA_BYTES_MAX).contains(&(header.arena_bytes as usize)), "arena_bytes")?;
    require(header.input_tensor < header.tensor_count, "input_tensor")?;
    require(header.output_tensor < header.tensor_count, "output_tensor")
}

fn require(holds: bool, field: &'static str) -> Result<(), FormatError> {
    if holds { Ok(()) } else { Err(FormatError::Header { field }) }
}
