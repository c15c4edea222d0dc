//! Errors: why bytes were refused as a packed model.

use thiserror::Error;

/// The first thing that is wrong with a blob, and where.
///
/// Blobs are made by a converter, so the remedy is nearly always the same:
/// convert the model again, with the version of Isokern that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// There are fewer bytes than the header alone needs.
    #[error("model has {have} bytes, its header needs {need}. Fix: read the whole file")]
    TooShort {
        /// Bytes given.
        have: usize,
        /// Bytes needed.
        need: usize,
    },
    /// The blob does not start on the boundary its records need.
    #[error(
        "model bytes start off a {need}-byte boundary. Fix: use `include_model!`, `ModelArtifact` \
         or an aligned buffer"
    )]
    Misaligned {
        /// The boundary, in bytes.
        need: usize,
    },
    /// A header field has a value no model can have.
    #[error("model header: `{field}` is not valid. Fix: convert the model again")]
    Header {
        /// The field, as `docs/format.md` names it.
        field: &'static str,
    },
    /// The blob was written for another version of the format.
    #[error("model format version {found}, this build reads {read}. Fix: convert the model again")]
    Version {
        /// The version in the blob.
        found: u16,
        /// The version this build reads.
        read: u16,
    },
    /// The blob promises the answers of a numeric profile this build does not compute.
    #[error(
        "numeric profile {profile} v{version} is not known to this build. Fix: update Isokern, or \
         convert for profile 1 (tflm) v1"
    )]
    Profile {
        /// The profile's code.
        profile: u16,
        /// The profile's version.
        version: u16,
    },
    /// The blob is shorter or longer than its header says.
    #[error("model has {have} bytes, its header says {stated}. Fix: copy the file again")]
    Length {
        /// Bytes given.
        have: usize,
        /// Bytes stated.
        stated: usize,
    },
    /// The bytes changed since they were written.
    #[error(
        "model checksum is {computed:#010x}, its header says {stated:#010x}. Fix: copy the file \
         again"
    )]
    Checksum {
        /// The checksum of the bytes given.
        computed: u32,
        /// The checksum in the header.
        stated: u32,
    },
    /// A tensor record is not valid.
    #[error("model tensor {index}: `{field}` is not valid. Fix: convert the model again")]
    Tensor {
        /// The tensor's index.
        index: u16,
        /// The field, as `docs/format.md` names it.
        field: &'static str,
    },
    /// A constant is outside the constants, or shares bytes with the one before.
    #[error("model constant {index}: its place is not valid. Fix: convert the model again")]
    Constant {
        /// The constant's index.
        index: u16,
    },
    /// An operator record is not valid.
    #[error("model operator {index}: `{field}` is not valid. Fix: convert the model again")]
    Operator {
        /// The operator's index.
        index: u16,
        /// The field, as `docs/format.md` names it.
        field: &'static str,
    },
    /// An operator is of a kind that the caller has no checks for; see
    /// [`Model::parse_for`](crate::Model::parse_for).
    #[error(
        "model operator {index} is of a kind this program was built without. Fix: build it with \
         the operator set of this model, or with all operators"
    )]
    NotBuilt {
        /// The operator's index.
        index: u16,
    },
    /// Two tensors that are alive at the same time share memory.
    #[error("model tensors {first} and {second} share memory. Fix: convert the model again")]
    Overlap {
        /// The lower index.
        first: u16,
        /// The higher index.
        second: u16,
    },
}

impl FormatError {
    /// Returns a number that stays the same between versions, from 256.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::TooShort { .. } => 256,
            Self::Misaligned { .. } => 257,
            Self::Header { .. } => 258,
            Self::Version { .. } => 259,
            Self::Profile { .. } => 260,
            Self::Length { .. } => 261,
            Self::Checksum { .. } => 262,
            Self::Tensor { .. } => 263,
            Self::Operator { .. } => 264,
            Self::Overlap { .. } => 265,
            Self::Constant { .. } => 266,
            Self::NotBuilt { .. } => 267,
        }
    }
}
