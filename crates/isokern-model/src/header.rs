//! The 128 bytes at the front of a packed model.
//!
//! The layout is documented byte by byte in `docs/format.md`. All numbers are
//! little-endian; offsets count from the first byte of the blob.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

use crate::record::CONSTANT_BYTES;
use crate::tensor::TENSOR_BYTES;

/// The first four bytes of every packed model.
pub const MAGIC: [u8; 4] = *b"IKM\x1a";
/// The version of the format that this build reads and writes.
pub const FORMAT_VERSION: u16 = 2;
/// The code of the numeric profile `tflm`.
pub const PROFILE_TFLM: u16 = 1;
/// The version of that profile which this build computes.
pub const PROFILE_TFLM_VERSION: u16 = 1;
/// The boundary a blob must start on, in bytes.
pub const BLOB_ALIGN: usize = 16;
/// The boundary operators and constants start on, in bytes from the blob's start.
pub const SECTION_ALIGN: usize = 64;
/// The boundary each constant starts on, in bytes from the blob's start.
pub const CONSTANT_ALIGN: usize = 4;
/// The most tensors a model may have.
pub const TENSORS_MAX: usize = 1024;
/// The most operators a model may have.
pub const OPERATORS_MAX: usize = 1024;
/// The most bytes an arena may have: 256 MiB.
pub const ARENA_BYTES_MAX: usize = 1 << 28;
/// The most bytes a state region may have: 256 MiB.
pub const STATE_BYTES_MAX: usize = 1 << 28;
/// The most elementary steps one inference may take: 2^36.
///
/// With the checks of [`Model::parse`](crate::Model::parse) this bounds the time
/// that any accepted bytes can take.
pub const WORK_MAX: u64 = 1 << 36;
/// Stands in an index where there is nothing to name.
pub const NONE: u16 = u16::MAX;

/// The header as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 4],
    /// [`FORMAT_VERSION`].
    pub format_version: u16,
    /// The numeric profile: [`PROFILE_TFLM`].
    pub profile: u16,
    /// The profile's version.
    pub profile_version: u16,
    /// The weight layout: [`Layout::code`](crate::layout::Layout::code).
    pub layout: u8,
    /// Zero.
    pub reserved: u8,
    /// Bytes of the whole blob.
    pub blob_bytes: u32,
    /// CRC-32 of everything after this field.
    pub checksum: u32,
    /// One bit per operator kind that occurs: [`OpSet::words`](crate::OpSet::words).
    pub operator_set: [u32; 4],
    /// Number of tensor records.
    pub tensor_count: u16,
    /// Number of operator records.
    pub operator_count: u16,
    /// Number of constant records.
    pub constant_count: u16,
    /// Number of tensor indices in the lists.
    pub list_len: u16,
    /// How many tensors the caller writes: the first of the lists.
    pub input_count: u16,
    /// How many tensors the caller reads: the next of the lists.
    pub output_count: u16,
    /// Bytes of the names of inputs and outputs.
    pub names_bytes: u16,
    /// Index of the constant with the state's initial contents; [`NONE`] for zeros.
    pub state_constant: u16,
    /// Where the operator records start.
    pub operators_offset: u32,
    /// Where the constants start.
    pub constants_offset: u32,
    /// Bytes of constants, to the end of the blob.
    pub constants_bytes: u32,
    /// Bytes of arena an executor needs, inputs and outputs inside.
    pub arena_bytes: u32,
    /// Bytes of state that last from one run to the next; 0 for a model without.
    pub state_bytes: u32,
    /// Multiply-accumulates of one inference, low half.
    pub macs_low: u32,
    /// Multiply-accumulates of one inference, high half.
    pub macs_high: u32,
    /// Seed of the self-test input; 0 if the blob has no self-test.
    pub self_test_seed: u32,
    /// Digest of the self-test output, low half.
    pub self_test_digest_low: u32,
    /// Digest of the self-test output, high half.
    pub self_test_digest_high: u32,
    /// Zero.
    pub reserved_word: u32,
    /// SHA-256 of the file the model was converted from; zeros if there was none.
    pub source_sha256: [u8; 32],
}

/// Bytes of the header.
pub const HEADER_BYTES: usize = size_of::<Header>();
/// Where the bytes start that the checksum covers.
pub const CHECKSUM_START: usize = offset_of!(Header, operator_set);

// Firmware, host and device read these places: a change here is a new version.
const _: () = {
    assert!(HEADER_BYTES == 128);
    assert!(HEADER_BYTES.is_multiple_of(SECTION_ALIGN));
    assert!(offset_of!(Header, blob_bytes) == 12);
    assert!(offset_of!(Header, checksum) == 16);
    assert!(offset_of!(Header, operator_set) == 20);
    assert!(offset_of!(Header, tensor_count) == 36);
    assert!(offset_of!(Header, constant_count) == 40);
    assert!(offset_of!(Header, input_count) == 44);
    assert!(offset_of!(Header, names_bytes) == 48);
    assert!(offset_of!(Header, operators_offset) == 52);
    assert!(offset_of!(Header, arena_bytes) == 64);
    assert!(offset_of!(Header, state_bytes) == 68);
    assert!(offset_of!(Header, macs_low) == 72);
    assert!(offset_of!(Header, self_test_seed) == 80);
    assert!(offset_of!(Header, source_sha256) == 96);
};

impl Header {
    /// No model: everything is zero.
    pub(crate) const NONE: Self = Self {
        magic: [0; 4],
        format_version: 0,
        profile: 0,
        profile_version: 0,
        layout: 0,
        reserved: 0,
        blob_bytes: 0,
        checksum: 0,
        operator_set: [0; 4],
        tensor_count: 0,
        operator_count: 0,
        constant_count: 0,
        list_len: 0,
        input_count: 0,
        output_count: 0,
        names_bytes: 0,
        state_constant: NONE,
        operators_offset: 0,
        constants_offset: 0,
        constants_bytes: 0,
        arena_bytes: 0,
        state_bytes: 0,
        macs_low: 0,
        macs_high: 0,
        self_test_seed: 0,
        self_test_digest_low: 0,
        self_test_digest_high: 0,
        reserved_word: 0,
        source_sha256: [0; 32],
    };

    /// Returns where the constant records start: after the tensors.
    #[must_use]
    pub const fn constant_records_offset(&self) -> usize {
        HEADER_BYTES + self.tensor_count as usize * TENSOR_BYTES
    }

    /// Returns where the lists start: after the constant records.
    #[must_use]
    pub const fn lists_offset(&self) -> usize {
        self.constant_records_offset() + self.constant_count as usize * CONSTANT_BYTES
    }

    /// Returns where the names start: after the lists.
    #[must_use]
    pub const fn names_offset(&self) -> usize {
        self.lists_offset() + self.list_len as usize * size_of::<u16>()
    }

    /// Returns where the names end. The operators start at the next boundary of a section.
    #[must_use]
    pub const fn names_end(&self) -> usize {
        self.names_offset() + self.names_bytes as usize
    }

    /// Returns the multiply-accumulates of one inference.
    #[must_use]
    pub const fn macs(&self) -> u64 {
        join(self.macs_low, self.macs_high)
    }

    /// Returns seed and output digest of the self-test, if the blob has one.
    #[must_use]
    pub const fn self_test(&self) -> Option<(u32, u64)> {
        if self.self_test_seed == 0 {
            return None;
        }
        Some((self.self_test_seed, join(self.self_test_digest_low, self.self_test_digest_high)))
    }
}

/// Reads the little-endian `u32` at `offset`; zero past the end.
#[must_use]
pub const fn read_u32(blob: &[u8], offset: usize) -> u32 {
    if offset > blob.len() || blob.len() - offset < 4 {
        return 0;
    }
    u32::from_le_bytes([blob[offset], blob[offset + 1], blob[offset + 2], blob[offset + 3]])
}

/// Reads the little-endian `u16` at `offset`; zero past the end.
#[must_use]
pub const fn read_u16(blob: &[u8], offset: usize) -> u16 {
    if offset > blob.len() || blob.len() - offset < 2 {
        return 0;
    }
    u16::from_le_bytes([blob[offset], blob[offset + 1]])
}

const fn join(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}
