//! Operator records as they lie in the blob: 64 bytes each, a prefix and a body.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

/// Stands where an operator has no second input.
pub const NONE: u16 = u16::MAX;

/// An operator as it lies in the blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct OpRecord {
    /// [`OpKind::code`](crate::OpKind::code).
    pub kind: u8,
    /// Zero.
    pub reserved: u8,
    /// Index of the first input tensor.
    pub input: u16,
    /// Index of the second input tensor (Add), else [`NONE`].
    pub input_b: u16,
    /// Index of the output tensor.
    pub output: u16,
    /// What the kind needs: the body of its operator, then zeros.
    pub body: [u32; 14],
}

/// Bytes of a body, at most.
pub const BODY_BYTES: usize = size_of::<[u32; 14]>();

/// Bytes of one operator record.
pub const OPERATOR_BYTES: usize = size_of::<OpRecord>();

const _: () = {
    assert!(OPERATOR_BYTES == 64);
    assert!(offset_of!(OpRecord, body) == 8);
};

impl OpRecord {
    /// The body, read as `B`.
    #[must_use]
    pub fn body<B: Pod>(&self) -> B {
        let bytes: &[u8] = bytemuck::must_cast_slice(&self.body);
        bytes.get(..size_of::<B>()).map_or_else(B::zeroed, bytemuck::pod_read_unaligned)
    }

    /// Whether all bytes after a body of type `B` are zero.
    #[must_use]
    pub fn is_clear_after<B: Pod>(&self) -> bool {
        let bytes: &[u8] = bytemuck::must_cast_slice(&self.body);
        bytes.iter().skip(size_of::<B>()).all(|&byte| byte == 0)
    }

    /// A record of the given kind with this body.
    #[must_use]
    pub fn new<B: Pod>(kind: u8, inputs: [u16; 2], output: u16, body: &B) -> Self {
        let mut record =
            Self { kind, reserved: 0, input: inputs[0], input_b: inputs[1], output, body: [0; 14] };
        let target: &mut [u8] = bytemuck::must_cast_slice_mut(&mut record.body);
        for (byte, value) in target.iter_mut().zip(bytemuck::bytes_of(body)) {
            *byte = *value;
        }
        record
    }
}
