//! Activations: their type, shape, quantisation, place and lifetime.

use core::mem::offset_of;

use bytemuck::{Pod, Zeroable};
use isokern_core::DType;

/// The most dimensions a tensor has.
pub const RANK_MAX: usize = 6;

/// The element types that tensors have, as [`DType::mask`].
pub const DTYPES: u64 = DType::I8.mask()
    | DType::U8.mask()
    | DType::I16.mask()
    | DType::I32.mask()
    | DType::U32.mask()
    | DType::I64.mask()
    | DType::U64.mask()
    | DType::F32.mask()
    | DType::Bool.mask();

/// A tensor as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct TensorRecord {
    /// Element type: [`DType::code`](isokern_core::DType::code).
    pub dtype: u8,
    /// Number of dimensions, 1 to 6.
    pub rank: u8,
    /// Where it is kept: [`Region::code`].
    pub region: u8,
    /// Zero.
    pub reserved: u8,
    /// The first tensor with the same bytes: its own index, or for the output of an
    /// in-place operator the root of its input.
    pub root: u16,
    /// First step at which its bytes must hold.
    pub first_step: u16,
    /// Last step at which its bytes must hold.
    pub last_step: u16,
    /// Quantised value that represents real zero.
    pub zero_point: i16,
    /// Place in its region, in bytes.
    pub offset: u32,
    /// Number of bytes: the product of the sizes times the bytes of an element.
    pub bytes: u32,
    /// Sizes, outermost first, at the end of the list; 1 before them.
    pub dims: [u32; RANK_MAX],
    /// Real value of one quantised step.
    pub scale: f32,
}

/// Bytes of one tensor record.
pub const TENSOR_BYTES: usize = size_of::<TensorRecord>();

const _: () = {
    assert!(TENSOR_BYTES == 48);
    assert!(offset_of!(TensorRecord, root) == 4);
    assert!(offset_of!(TensorRecord, zero_point) == 10);
    assert!(offset_of!(TensorRecord, offset) == 12);
    assert!(offset_of!(TensorRecord, bytes) == 16);
    assert!(offset_of!(TensorRecord, dims) == 20);
    assert!(offset_of!(TensorRecord, scale) == 44);
};

/// The memory a tensor is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Region {
    /// The arena: shared with tensors that are not alive at the same time.
    #[default]
    Arena,
    /// The state: a place of its own, which lasts from one run to the next.
    State,
}

impl Region {
    /// Returns the number that represents this region in a blob.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Arena => 0,
            Self::State => 1,
        }
    }

    /// Returns the region with this number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Arena),
            1 => Some(Self::State),
            _ => None,
        }
    }
}

/// An activation of a model.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tensor {
    dims: [u32; RANK_MAX],
    bytes: u32,
    offset: u32,
    /// The bits of an `f32`: copying a tensor takes no float instruction.
    scale: u32,
    zero_point: i16,
    dtype: u8,
    rank: u8,
    region: u8,
}

impl Tensor {
    /// Reads a record. Its values are what the blob says; [`Model`](crate::Model)
    /// hands out tensors of checked blobs only.
    #[must_use]
    pub const fn from_record(record: &TensorRecord) -> Self {
        Self {
            dims: record.dims,
            bytes: record.bytes,
            offset: record.offset,
            scale: record.scale.to_bits(),
            zero_point: record.zero_point,
            dtype: record.dtype,
            rank: record.rank,
            region: record.region,
        }
    }

    /// Returns the sizes of the dimensions, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[u32] {
        let absent = RANK_MAX.saturating_sub(self.rank.into());
        self.dims.get(absent..).unwrap_or(&self.dims)
    }

    /// Returns the element type.
    #[must_use]
    pub const fn dtype(&self) -> DType {
        match DType::from_code(self.dtype) {
            Some(dtype) => dtype,
            None => DType::I8,
        }
    }

    /// Returns the number of elements.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        if self.dtype == DType::I8.code() { self.bytes() } else { self.wide_len() }
    }

    /// Returns the number of elements of more than a byte; apart, so that firmware has it once.
    #[inline(never)]
    const fn wide_len(&self) -> usize {
        self.bytes() / self.dtype().size_bytes()
    }

    /// Returns the number of bytes.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// Returns whether there is no element; never true in a checked model.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Returns the size of the last dimension: channels of an image, length of a row.
    #[must_use]
    #[inline]
    pub const fn depth(&self) -> usize {
        let [.., depth] = self.dims;
        depth as usize
    }

    /// Returns height, width and channels of one image of a rank 4 tensor (NHWC).
    #[must_use]
    #[inline]
    pub const fn image(&self) -> Image {
        let [.., height, width, channels] = self.dims;
        Image { height: height as usize, width: width as usize, channels: channels as usize }
    }

    /// Returns how many images a rank 4 tensor (NHWC) has.
    #[must_use]
    #[inline]
    pub const fn images(&self) -> usize {
        let [.., images, _, _, _] = self.dims;
        images as usize
    }

    /// Narrows a rank 4 tensor to its image `item`; called for 0 first, then for one after the
    /// other.
    #[inline]
    pub(crate) const fn step_to_image(&mut self, item: u32) {
        let images = self.dims[RANK_MAX - 4];
        if item > 0 {
            self.offset = self.offset.saturating_add(self.bytes);
        } else if images > 1 {
            self.bytes /= images;
        }
    }

    /// Returns the real value of one quantised step.
    #[must_use]
    pub const fn scale(&self) -> f32 {
        f32::from_bits(self.scale)
    }

    /// Returns the quantised value that represents real zero.
    #[must_use]
    #[inline]
    pub const fn zero_point(&self) -> i32 {
        self.zero_point as i32
    }

    /// Returns the memory it is kept in.
    #[must_use]
    #[inline]
    pub const fn region(&self) -> Region {
        if self.region == Region::State.code() { Region::State } else { Region::Arena }
    }

    /// Returns the place of the first byte in its region.
    #[must_use]
    #[inline]
    pub const fn offset(&self) -> usize {
        self.offset as usize
    }
}

/// Sizes of an image: channels last.
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
    /// Returns rows times columns.
    #[must_use]
    pub const fn positions(&self) -> usize {
        self.height.saturating_mul(self.width)
    }
}
