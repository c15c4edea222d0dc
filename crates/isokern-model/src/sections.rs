//! The sections of a blob: records and constants by index, always bounded.

use bytemuck::{Pod, Zeroable};

use crate::header::{HEADER_BYTES, Header};
use crate::layout::Layout;
use crate::record::{OPERATOR_BYTES, OpRecord};
use crate::tensor::{TENSOR_BYTES, Tensor, TensorRecord};

/// The bytes of a blob, and where its sections are.
///
/// It knows nothing of operators. Every read is total: outside a section it gives nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sections<'m> {
    pub(crate) blob: &'m [u8],
    pub(crate) front: Front,
}

/// What reading needs of the header; the rest stays in the blob, off the stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Front {
    pub(crate) layout: u8,
    pub(crate) operator_set: u32,
    pub(crate) tensor_count: u16,
    pub(crate) operator_count: u16,
    pub(crate) input_tensor: u16,
    pub(crate) output_tensor: u16,
    tensors_offset: u32,
    operators_offset: u32,
    pub(crate) constants_offset: u32,
    pub(crate) arena_bytes: u32,
}

impl Front {
    pub(crate) const fn new(header: &Header) -> Self {
        Self {
            layout: header.layout,
            operator_set: header.operator_set,
            tensor_count: header.tensor_count as u16,
            operator_count: header.operator_count as u16,
            input_tensor: header.input_tensor as u16,
            output_tensor: header.output_tensor as u16,
            tensors_offset: header.tensors_offset,
            operators_offset: header.operators_offset,
            constants_offset: header.constants_offset,
            arena_bytes: header.arena_bytes,
        }
    }
}

impl<'m> Sections<'m> {
    /// Returns the header, or zeros if the blob is too short for one.
    pub(crate) fn header(&self) -> Header {
        let front = self.blob.get(..HEADER_BYTES);
        front.map_or_else(Header::zeroed, bytemuck::pod_read_unaligned)
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::from_code(self.front.layout).unwrap_or(Layout::Row)
    }

    /// Returns the tensor at `index`, or an empty one if there is none.
    #[cfg_attr(target_arch = "nvptx64", inline(never))] // As `Model::op`.
    pub(crate) fn tensor(&self, index: usize) -> Tensor {
        self.tensor_record(index)
            .map_or_else(Tensor::default, |record| Tensor::from_record(&record))
    }

    pub(crate) fn tensor_record(&self, index: usize) -> Option<TensorRecord> {
        let count = self.front.tensor_count.into();
        self.record(self.front.tensors_offset, count, TENSOR_BYTES, index)
    }

    pub(crate) fn op_record(&self, index: usize) -> Option<OpRecord> {
        let count = self.front.operator_count.into();
        self.record(self.front.operators_offset, count, OPERATOR_BYTES, index)
    }

    /// Returns `count` values from `offset`, if they are all inside and aligned.
    pub(crate) fn values<T: Pod>(&self, offset: u32, count: usize) -> Option<&'m [T]> {
        let bytes = count.checked_mul(size_of::<T>())?;
        let slice = self.blob.get(offset as usize..)?.get(..bytes)?;
        bytemuck::try_cast_slice(slice).ok()
    }

    fn record<R: Pod>(&self, start: u32, count: usize, bytes: usize, index: usize) -> Option<R> {
        if index >= count {
            return None;
        }
        let record = self.blob.get((start as usize).checked_add(index * bytes)?..)?.get(..bytes)?;
        read(record)
    }
}

/// Reads a record, at any address.
#[cfg(not(target_arch = "nvptx64"))]
pub(crate) fn read<R: Pod>(record: &[u8]) -> Option<R> {
    bytemuck::try_pod_read_unaligned(record).ok()
}

/// Reads a record by whole words. In a checked blob every record is aligned, and a device would
/// otherwise read byte after byte.
#[cfg(target_arch = "nvptx64")]
pub(crate) fn read<R: Pod>(record: &[u8]) -> Option<R> {
    bytemuck::try_from_bytes(record).ok().copied()
}
