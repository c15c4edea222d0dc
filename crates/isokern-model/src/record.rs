//! Operators and constants as they are stored: records of 64 and 8 bytes.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

/// An operator as it is stored.
///
/// Its tensors are a stretch of the lists: inputs, then outputs, then scratch. Its constants are
/// a stretch of the constant records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct OpRecord {
    /// [`OpKind::code`](crate::OpKind::code).
    pub kind: u8,
    /// How many tensors it reads.
    pub input_count: u8,
    /// How many tensors it writes.
    pub output_count: u8,
    /// How many tensors it uses while it runs, and nobody afterwards.
    pub scratch_count: u8,
    /// Where its tensors start in the lists.
    pub list_start: u16,
    /// Where its constants start in the constant records.
    pub constant_start: u16,
    /// How many constants it has.
    pub constant_count: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// What the kind needs: the body of its operator, then zeros.
    pub body: Body,
}

/// Room for the body of any operator.
pub type Body = [u32; 13];

/// A constant as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ConstantRecord {
    /// Where it starts, from the blob's start.
    pub offset: u32,
    /// Its length in bytes.
    pub bytes: u32,
}

/// Bytes of one operator record.
pub const OPERATOR_BYTES: usize = size_of::<OpRecord>();
/// Bytes of one constant record.
pub const CONSTANT_BYTES: usize = size_of::<ConstantRecord>();
/// Bytes of a body, at most.
pub const BODY_BYTES: usize = size_of::<Body>();

const _: () = {
    assert!(OPERATOR_BYTES == 64);
    assert!(CONSTANT_BYTES == 8);
    assert!(offset_of!(OpRecord, list_start) == 4);
    assert!(offset_of!(OpRecord, constant_count) == 8);
    assert!(offset_of!(OpRecord, body) == 12);
};

impl OpRecord {
    /// Returns the body, read as `B`.
    #[must_use]
    pub fn body<B: Pod>(&self) -> B {
        // Words are aligned for every body: read in one piece, not byte by byte.
        const { assert!(align_of::<B>() <= align_of::<Body>() && size_of::<B>() <= BODY_BYTES) };
        let bytes: &[u8] = bytemuck::must_cast_slice(&self.body);
        let body =
            bytes.get(..size_of::<B>()).and_then(|bytes| bytemuck::try_from_bytes(bytes).ok());
        body.copied().unwrap_or_else(B::zeroed)
    }

    /// Returns whether all bytes after a body of this many are zero.
    #[must_use]
    pub fn is_clear_after(&self, body_bytes: usize) -> bool {
        let bytes: &[u8] = bytemuck::must_cast_slice(&self.body);
        bytes.iter().skip(body_bytes).all(|&byte| byte == 0)
    }
}

/// Returns `body` as it is stored: its bytes, then zeros.
#[must_use]
pub fn stored<B: Pod>(body: &B) -> Body {
    let mut words = [0; 13];
    let target: &mut [u8] = bytemuck::must_cast_slice_mut(&mut words);
    for (byte, value) in target.iter_mut().zip(bytemuck::bytes_of(body)) {
        *byte = *value;
    }
    words
}
