//! Checks the header and where it says the sections are.

use super::require;
use crate::digest;
use crate::error::FormatError;
use crate::header::{
    ARENA_BYTES_MAX, BLOB_ALIGN, CHECKSUM_START, FORMAT_VERSION, HEADER_BYTES, Header, MAGIC,
    OPERATORS_MAX, PROFILE_TFLM, PROFILE_TFLM_VERSION, SECTION_ALIGN, STATE_BYTES_MAX, TENSORS_MAX,
};
use crate::layout::Layout;
use crate::record::OPERATOR_BYTES;

pub(super) fn check(blob: &[u8]) -> Result<&Header, FormatError> {
    let front = blob.get(..HEADER_BYTES);
    let front = front.ok_or(FormatError::TooShort { have: blob.len(), need: HEADER_BYTES })?;
    let is_aligned = blob.as_ptr().addr().is_multiple_of(BLOB_ALIGN);
    let header: Option<&Header> = bytemuck::try_from_bytes(front).ok().filter(|_| is_aligned);
    let header = header.ok_or(FormatError::Misaligned { need: BLOB_ALIGN })?;
    identity(header)?;
    if header.blob_bytes as usize != blob.len() {
        let stated = header.blob_bytes as usize;
        return Err(FormatError::Length { have: blob.len(), stated });
    }
    let computed = digest::crc32(blob.get(CHECKSUM_START..).unwrap_or(&[]));
    if computed != header.checksum {
        return Err(FormatError::Checksum { computed, stated: header.checksum });
    }
    sections(header, blob.len())?;
    Ok(header)
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
    require(header.reserved_word == 0, "reserved_word")
}

fn sections(header: &Header, blob_bytes: usize) -> Result<(), FormatError> {
    let tensor_count = usize::from(header.tensor_count);
    let operator_count = usize::from(header.operator_count);
    require(tensor_count <= TENSORS_MAX, "tensor_count")?;
    require((1..=OPERATORS_MAX).contains(&operator_count), "operator_count")?;
    require(header.input_count > 0, "input_count")?;
    // Each tensor is looked for among the outputs: with no cap that would take long.
    require((1..=TENSORS_MAX).contains(&header.output_count.into()), "output_count")?;

    // Counts are 16 bits wide: no sum of these overflows.
    let operators_offset = header.names_end().next_multiple_of(SECTION_ALIGN);
    require(header.operators_offset as usize == operators_offset, "operators_offset")?;
    let constants_offset =
        (operators_offset + operator_count * OPERATOR_BYTES).next_multiple_of(SECTION_ALIGN);
    require(header.constants_offset as usize == constants_offset, "constants_offset")?;
    let constants_end = constants_offset.checked_add(header.constants_bytes as usize);
    require(constants_end == Some(blob_bytes), "constants_bytes")?;

    require((1..=ARENA_BYTES_MAX).contains(&(header.arena_bytes as usize)), "arena_bytes")?;
    require(header.state_bytes as usize <= STATE_BYTES_MAX, "state_bytes")
}
