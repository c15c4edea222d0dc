//! Operator records as they lie in the blob: 64 bytes each, a prefix and a body.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

use crate::geometry::Window;

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
    /// What the kind needs: one of the body types of this module, zeros behind it.
    pub body: [u32; 14],
}

/// Body of Conv2D, DepthwiseConv2D and FullyConnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct DotBody {
    /// The window; zeros for FullyConnected.
    pub window: Window,
    /// Least output value.
    pub activation_min: i8,
    /// Greatest output value.
    pub activation_max: i8,
    /// Output channels per input channel (DepthwiseConv2D), else 0.
    pub depth_multiplier: u16,
    /// Where the weights start, from the blob's start.
    pub weights_offset: u32,
    /// Bytes of weights.
    pub weights_bytes: u32,
    /// Where the `i32` biases start.
    pub bias_offset: u32,
    /// Where the `i32` multipliers start.
    pub multiplier_offset: u32,
    /// Where the `i8` shifts start.
    pub shift_offset: u32,
    /// Where the `i32` sums of each output's weights start (packed layout), else 0.
    pub weight_sums_offset: u32,
    /// Number of multipliers and shifts: the outputs, or 1 if they share one.
    pub scale_count: u32,
    /// Number of outputs of the dot products: channels or units.
    pub outputs: u32,
    /// Quantised weight that stands for real zero; 0 but for some FullyConnected.
    pub weight_zero_point: i32,
}

/// Body of AveragePool2D.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct PoolBody {
    /// The window.
    pub window: Window,
    /// Least output value.
    pub activation_min: i8,
    /// Greatest output value.
    pub activation_max: i8,
    /// Zero.
    pub reserved: u16,
}

/// Body of Add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct AddBody {
    /// Multipliers of first input, second input and output.
    pub multiplier: [i32; 3],
    /// Their shifts, none above zero.
    pub shift: [i8; 3],
    /// Bits both inputs move left before they are scaled.
    pub left_shift: u8,
    /// Least output value.
    pub activation_min: i8,
    /// Greatest output value.
    pub activation_max: i8,
    /// Zero.
    pub reserved: u16,
}

/// Body of Softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(C)]
pub struct SoftmaxBody {
    /// Multiplier that brings a difference to Q5.26.
    pub multiplier: i32,
    /// Its left shift.
    pub left_shift: i32,
    /// Differences below this one count as zero.
    pub diff_min: i32,
}

/// Bytes of one operator record.
pub const OPERATOR_BYTES: usize = size_of::<OpRecord>();

const _: () = {
    assert!(OPERATOR_BYTES == 64);
    assert!(offset_of!(OpRecord, body) == 8);
    assert!(size_of::<DotBody>() == 56);
    assert!(offset_of!(DotBody, weights_offset) == 20);
    assert!(size_of::<PoolBody>() == 20);
    assert!(size_of::<AddBody>() == 20);
    assert!(size_of::<SoftmaxBody>() == 12);
};

impl OpRecord {
    /// The body, read as `B`.
    #[must_use]
    pub fn body<B: Pod>(&self) -> B {
        let bytes: &[u8] = bytemuck::must_cast_slice(&self.body);
        bytes.get(..size_of::<B>()).map_or_else(B::zeroed, bytemuck::pod_read_unaligned)
    }

    /// Whether all bytes behind a body of type `B` are zero.
    #[must_use]
    pub fn is_clear_behind<B: Pod>(&self) -> bool {
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
