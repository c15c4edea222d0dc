//! From a description of a model to the bytes of a packed model.
//!
//! A [`Draft`] says what the model computes; where it computes it (arena offsets)
//! is already in its tensors. [`Draft::encode`] works out lifetimes, lays the
//! sections out and checks its own result with [`Model::parse`].

mod draft;
mod lifetimes;
mod moves;
mod relayout;
mod sections;

use std::vec;
use std::vec::Vec;

use bytemuck::Zeroable;
use thiserror::Error;

pub use draft::{Draft, DraftOp, DraftPort, DraftTensor};
pub use lifetimes::Lifetime;
pub use moves::{DraftMove, MoveError};
pub use relayout::relayout;

pub use crate::constant::Constant;
use crate::digest;
use crate::error::FormatError;
use crate::header::{
    CHECKSUM_START, FORMAT_VERSION, HEADER_BYTES, Header, MAGIC, OPERATORS_MAX, PROFILE_TFLM,
    PROFILE_TFLM_VERSION, SECTION_ALIGN, TENSORS_MAX, WORK_MAX,
};
use crate::kind::OpSet;
use crate::layout::Layout;
use crate::model::Model;
use crate::record::OPERATOR_BYTES;
use sections::{Sections, count};

/// Why a draft does not make a packed model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// There are more of something than the format has numbers for.
    #[error("the model has {found} {what}, the format holds {max}. Fix: split the model")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many fit.
        max: usize,
    },
    /// One inference would take longer than the format allows.
    #[error("one inference takes {found} steps, at most {max} are allowed. Fix: split the model")]
    Work {
        /// Elementary steps.
        found: u64,
        /// How many are allowed.
        max: u64,
    },
    /// The initial contents are not as long as the state.
    #[error("the state has {need} bytes, its initial contents {found}. Fix: give as many")]
    State {
        /// Bytes given.
        found: usize,
        /// Bytes of the state's tensors.
        need: usize,
    },
    /// The blob would be longer than 4 GiB.
    #[error("the packed model would be longer than 4 GiB. Fix: split the model")]
    TooLong,
    /// The bytes were written, but are not a model an executor could run.
    #[error("the description is not a valid model: {0}")]
    Invalid(#[from] FormatError),
}

impl Draft {
    /// Writes the packed model, with the weights in the given layout.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] where counts or sizes exceed the format, or the draft
    /// contradicts itself.
    pub fn encode(&self, layout: Layout) -> Result<Vec<u8>, EncodeError> {
        limit("tensors", self.tensors.len(), TENSORS_MAX)?;
        limit("operators", self.ops.len(), OPERATORS_MAX)?;
        let mut sections = Sections::of(self, layout)?;
        let number = |value: usize| u32::try_from(value).map_err(|_| EncodeError::TooLong);
        let mut header = Header {
            magic: MAGIC,
            format_version: FORMAT_VERSION,
            profile: PROFILE_TFLM,
            profile_version: PROFILE_TFLM_VERSION,
            layout: layout.code(),
            tensor_count: count("tensors", self.tensors.len())?,
            operator_count: count("operators", self.ops.len())?,
            constant_count: count("constants", sections.constant_records.len())?,
            list_len: count("tensor indices", sections.lists.len())?,
            input_count: count("inputs", self.inputs.len())?,
            output_count: count("outputs", self.outputs.len())?,
            names_bytes: count("bytes of names", sections.names.len())?,
            state_constant: sections.state_constant,
            constants_bytes: number(sections.constants.len())?,
            arena_bytes: number(self.arena_bytes())?,
            state_bytes: number(self.state_bytes())?,
            source_sha256: self.source_sha256,
            ..Header::zeroed()
        };
        let operators_offset = header.names_end().next_multiple_of(SECTION_ALIGN);
        let constants_offset =
            (operators_offset + self.ops.len() * OPERATOR_BYTES).next_multiple_of(SECTION_ALIGN);
        sections.place_constants(constants_offset)?;
        header.operators_offset = number(operators_offset)?;
        header.constants_offset = number(constants_offset)?;
        header.blob_bytes = number(constants_offset + sections.constants.len())?;

        let mut blob = vec![0_u8; constants_offset];
        put(&mut blob, HEADER_BYTES, bytemuck::cast_slice(&sections.tensors));
        let constant_records = bytemuck::cast_slice(&sections.constant_records);
        put(&mut blob, header.constant_records_offset(), constant_records);
        put(&mut blob, header.lists_offset(), bytemuck::cast_slice(&sections.lists));
        put(&mut blob, header.names_offset(), &sections.names);
        put(&mut blob, operators_offset, bytemuck::cast_slice(&sections.operators));
        blob.extend_from_slice(&sections.constants);
        self.state_matches()?;
        total(&blob, &mut header)?;
        seal(&mut blob, header);
        Model::parse(&aligned(&blob))?;
        Ok(blob)
    }

    /// Checks that the initial contents are as long as the state.
    fn state_matches(&self) -> Result<(), EncodeError> {
        let (found, need) = (self.state.len(), self.state_bytes());
        if found == need { Ok(()) } else { Err(EncodeError::State { found, need }) }
    }
}

/// Writes to the header what the operators cost and which kinds they are.
fn total(blob: &[u8], header: &mut Header) -> Result<(), EncodeError> {
    let copy = aligned(blob);
    let model = Model::unchecked(&copy, header);
    let (mut macs, mut work, mut set) = (0_u64, 0_u64, OpSet::EMPTY);
    for op in model.ops() {
        let cost = op.cost();
        macs = macs.saturating_add(cost.macs);
        work = work.saturating_add(cost.work);
        set = set.with(op.kind());
    }
    if work > WORK_MAX {
        return Err(EncodeError::Work { found: work, max: WORK_MAX });
    }
    header.operator_set = set.words();
    (header.macs_low, header.macs_high) = (macs as u32, (macs >> 32) as u32);
    Ok(())
}

/// Writes seed and digest of a self-test into a packed model.
///
/// The digest is [`fnv1a`](crate::digest::fnv1a) over the output for the input
/// that [`generate_input`](crate::digest::generate_input) makes from `seed`.
///
/// # Errors
///
/// What [`Model::parse`] finds wrong with `blob`, which is then unchanged.
pub fn set_self_test(blob: &mut [u8], seed: u32, output_digest: u64) -> Result<(), FormatError> {
    let mut header = *Model::parse(&aligned(blob))?.header();
    header.self_test_seed = seed;
    header.self_test_digest_low = output_digest as u32;
    header.self_test_digest_high = (output_digest >> 32) as u32;
    seal(blob, header);
    Ok(())
}

/// Writes the header, and the checksum over all after it.
fn seal(blob: &mut [u8], mut header: Header) {
    put(blob, 0, bytemuck::bytes_of(&header));
    header.checksum = digest::crc32(&blob[CHECKSUM_START..]);
    put(blob, 0, bytemuck::bytes_of(&header));
}

fn put(blob: &mut [u8], offset: usize, bytes: &[u8]) {
    blob[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// Returns a copy of `blob` on the boundary that [`Model::parse`] asks for.
fn aligned(blob: &[u8]) -> AlignedCopy {
    let mut chunks = vec![0_u128; blob.len().div_ceil(16)];
    bytemuck::cast_slice_mut(&mut chunks)[..blob.len()].copy_from_slice(blob);
    AlignedCopy { chunks, len: blob.len() }
}

struct AlignedCopy {
    chunks: Vec<u128>,
    len: usize,
}

impl core::ops::Deref for AlignedCopy {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.chunks)[..self.len]
    }
}

fn limit(what: &'static str, found: usize, max: usize) -> Result<(), EncodeError> {
    if found > max { Err(EncodeError::TooMany { what, found, max }) } else { Ok(()) }
}
