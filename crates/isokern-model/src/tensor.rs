//! Activations: their shape, quantisation, place in the arena and lifetime.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};

/// A tensor as it lies in the blob.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct TensorRecord {
    /// Element type: [`DType::code`](isokern_core::DType::code). Version 1 knows `i8` alone.
    pub dtype: u8,
    /// Number of dimensions, 1 to 4.
    pub rank: u8,
    /// The first tensor with the same bytes: its own index, or for the output of an
    /// in-place reshape the root of its input.
    pub root: u16,
    /// First step at which it is alive; see [`Tensor::alive`].
    pub first_step: u16,
    /// Last step at which it is alive.
    pub last_step: u16,
    /// Place in the arena, in bytes.
    pub arena_offset: u32,
    /// Sizes, outermost first; 1 behind `rank`.
    pub dims: [u32; 4],
    /// Real value of one quantised step.
    pub scale: f32,
    /// Quantised value that stands for real zero.
    pub zero_point: i16,
    /// Zero.
    pub reserved: u16,
}

/// Bytes of one tensor record.
pub const TENSOR_BYTES: usize = size_of::<TensorRecord>();

const _: () = {
    assert!(TENSOR_BYTES == 36);
    assert!(offset_of!(TensorRecord, arena_offset) == 8);
    assert!(offset_of!(TensorRecord, dims) == 12);
    assert!(offset_of!(TensorRecord, scale) == 28);
    assert!(offset_of!(TensorRecord, zero_point) == 32);
};

/// An activation of a model.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tensor {
    dims: [u32; 4],
    rank: u8,
    scale: f32,
    zero_point: i32,
    arena_offset: usize,
    first_step: u16,
    last_step: u16,
}

impl Tensor {
    /// Reads a record. Its values are what the blob says; [`Model`](crate::Model)
    /// hands out tensors of checked blobs only.
    #[must_use]
    pub const fn from_record(record: &TensorRecord) -> Self {
        Self {
            dims: record.dims,
            rank: record.rank,
            scale: record.scale,
            zero_point: record.zero_point as i32,
            arena_offset: record.arena_offset as usize,
            first_step: record.first_step,
            last_step: record.last_step,
        }
    }

    /// Sizes of the dimensions, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[u32] {
        self.dims.get(..usize::from(self.rank)).unwrap_or(&self.dims)
    }

    /// Number of elements, which for `i8` is also the number of bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        let [a, b, c, d] = self.dims;
        (a as usize)
            .saturating_mul(b as usize)
            .saturating_mul(c as usize)
            .saturating_mul(d as usize)
    }

    /// Whether there is no element; never true in a checked model.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size of the last dimension: channels of an image, length of a row.
    #[must_use]
    pub const fn depth(&self) -> usize {
        let [a, b, c, d] = self.dims;
        (match self.rank {
            0 | 1 => a,
            2 => b,
            3 => c,
            _ => d,
        }) as usize
    }

    /// Height, width and channels of a rank 4 tensor (batch 1, NHWC).
    #[must_use]
    pub const fn image(&self) -> Image {
        let [_, height, width, channels] = self.dims;
        Image { height: height as usize, width: width as usize, channels: channels as usize }
    }

    /// Real value of one quantised step.
    #[must_use]
    pub const fn scale(&self) -> f32 {
        self.scale
    }

    /// Quantised value that stands for real zero.
    #[must_use]
    pub const fn zero_point(&self) -> i32 {
        self.zero_point
    }

    /// Place of the first byte in the arena.
    #[must_use]
    pub const fn arena_offset(&self) -> usize {
        self.arena_offset
    }

    /// First and last step at which the bytes must hold.
    ///
    /// Step 0 is the caller writing the input, step `i + 1` is operator `i`, and the
    /// step after the last operator is the caller reading the output.
    #[must_use]
    pub const fn alive(&self) -> (usize, usize) {
        (self.first_step as usize, self.last_step as usize)
    }
}

/// Sizes of an image tensor: batch 1, channels last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Image {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels, the fastest dimension.
    pub channels: usize,
}

impl Image {
    /// Rows times columns.
    #[must_use]
    pub const fn positions(&self) -> usize {
        self.height.saturating_mul(self.width)
    }
}
