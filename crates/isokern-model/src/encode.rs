//! From a description of a model to the bytes of a packed model.
//!
//! A [`Draft`] says what the model computes; where it computes it (arena offsets)
//! is already in its tensors. [`Draft::encode`] works out lifetimes, lays the
//! sections out and checks its own result with [`Model::parse`].

mod constants;
mod draft;
mod relayout;

use std::vec;
use std::vec::Vec;

use bytemuck::Zeroable;
use thiserror::Error;

pub use draft::{
    Draft, DraftAdd, DraftDot, DraftOp, DraftPool, DraftSoftmax, DraftTensor, Lifetime,
};
pub use relayout::relayout;

use crate::digest;
use crate::error::FormatError;
use crate::header::{
    CHECKSUM_START, FORMAT_VERSION, HEADER_BYTES, Header, MAGIC, OPERATORS_MAX, PROFILE_TFLM,
    PROFILE_TFLM_VERSION, SECTION_ALIGN, TENSORS_MAX,
};
use crate::kind::OpSet;
use crate::layout::Layout;
use crate::model::Model;
use crate::record::{OPERATOR_BYTES, OpRecord};
use crate::tensor::{TENSOR_BYTES, TensorRecord};

use constants::Constants;
use isokern_core::DType;

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
        let operators_offset =
            (HEADER_BYTES + self.tensors.len() * TENSOR_BYTES).next_multiple_of(SECTION_ALIGN);
        let constants_offset =
            (operators_offset + self.ops.len() * OPERATOR_BYTES).next_multiple_of(SECTION_ALIGN);

        let mut constants = Constants::new(constants_offset, layout);
        let records: Result<Vec<OpRecord>, EncodeError> =
            self.ops.iter().map(|op| constants.record(op)).collect();
        let records = records?;
        let tensors = self.tensor_records();

        let mut blob = vec![0_u8; constants_offset];
        put(&mut blob, HEADER_BYTES, bytemuck::cast_slice(&tensors));
        put(&mut blob, operators_offset, bytemuck::cast_slice(&records));
        blob.extend_from_slice(constants.bytes());

        let number = |value: usize| u32::try_from(value).map_err(|_| EncodeError::TooLong);
        let set = self.ops.iter().fold(OpSet::EMPTY, |set, op| set.with(op.kind()));
        let macs = self.macs();
        let header = Header {
            magic: MAGIC,
            format_version: FORMAT_VERSION,
            profile: PROFILE_TFLM,
            profile_version: PROFILE_TFLM_VERSION,
            layout: layout.code(),
            blob_bytes: number(blob.len())?,
            operator_set: set.bits(),
            tensor_count: number(self.tensors.len())?,
            operator_count: number(self.ops.len())?,
            tensors_offset: number(HEADER_BYTES)?,
            operators_offset: number(operators_offset)?,
            constants_offset: number(constants_offset)?,
            constants_bytes: number(blob.len() - constants_offset)?,
            arena_bytes: number(self.arena_bytes())?,
            input_tensor: self.input.into(),
            output_tensor: self.output.into(),
            macs_low: macs as u32,
            macs_high: (macs >> 32) as u32,
            source_sha256: self.source_sha256,
            ..Header::zeroed()
        };
        seal(&mut blob, header);
        Model::parse(&aligned(&blob))?;
        Ok(blob)
    }

    fn tensor_records(&self) -> Vec<TensorRecord> {
        let lifetimes = self.lifetimes();
        let record = |(tensor, lifetime): (&DraftTensor, &Lifetime)| {
            let mut dims = [1; 4];
            for (target, size) in dims.iter_mut().zip(&tensor.dims) {
                *target = *size;
            }
            TensorRecord {
                dtype: DType::I8.code(),
                rank: tensor.dims.len() as u8,
                root: lifetime.root,
                first_step: lifetime.first_step,
                last_step: lifetime.last_step,
                arena_offset: tensor.arena_offset,
                dims,
                scale: tensor.scale,
                zero_point: tensor.zero_point.into(),
                reserved: 0,
            }
        };
        self.tensors.iter().zip(&lifetimes).map(record).collect()
    }
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
    let mut header = Model::parse(&aligned(blob))?.header();
    header.self_test_seed = seed;
    header.self_test_digest_low = output_digest as u32;
    header.self_test_digest_high = (output_digest >> 32) as u32;
    seal(blob, header);
    Ok(())
}

/// Writes the header, and the checksum over all behind it.
fn seal(blob: &mut [u8], mut header: Header) {
    put(blob, 0, bytemuck::bytes_of(&header));
    header.checksum = digest::crc32(&blob[CHECKSUM_START..]);
    put(blob, 0, bytemuck::bytes_of(&header));
}

fn put(blob: &mut [u8], offset: usize, bytes: &[u8]) {
    blob[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// A copy of `blob` on the boundary that [`Model::parse`] asks for.
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
