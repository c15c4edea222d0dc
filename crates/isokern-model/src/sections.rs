//! The sections of a blob: records, lists, names and constants by index, always bounded.

use bytemuck::{Pod, Zeroable};

use crate::header::{HEADER_BYTES, Header};
use crate::kind::OpSet;
use crate::layout::Layout;
use crate::record::{CONSTANT_BYTES, ConstantRecord, OpRecord};
use crate::tensor::{TENSOR_BYTES, Tensor, TensorRecord};

/// The bytes of a blob, and where its sections are.
///
/// It knows nothing of operators. Every read is total: outside a section it gives nothing.
/// Records are read in place, so the blob must start on its boundary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sections<'m> {
    pub(crate) blob: &'m [u8],
    pub(crate) front: Front,
}

/// What reading needs of the header; the rest stays in the blob, off the stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Front {
    pub(crate) operator_set: OpSet,
    pub(crate) layout: u8,
    pub(crate) tensor_count: u16,
    pub(crate) operator_count: u16,
    pub(crate) constant_count: u16,
    pub(crate) list_len: u16,
    pub(crate) input_count: u16,
    pub(crate) output_count: u16,
    pub(crate) names_bytes: u16,
    pub(crate) state_constant: u16,
    operators_offset: u32,
    pub(crate) arena_bytes: u32,
    pub(crate) state_bytes: u32,
}

impl Front {
    pub(crate) const fn new(header: &Header) -> Self {
        Self {
            operator_set: OpSet::from_words(header.operator_set),
            layout: header.layout,
            tensor_count: header.tensor_count,
            operator_count: header.operator_count,
            constant_count: header.constant_count,
            list_len: header.list_len,
            input_count: header.input_count,
            output_count: header.output_count,
            names_bytes: header.names_bytes,
            state_constant: header.state_constant,
            operators_offset: header.operators_offset,
            arena_bytes: header.arena_bytes,
            state_bytes: header.state_bytes,
        }
    }

    /// Where the constant records start: after the tensors.
    pub(crate) const fn constant_records_offset(&self) -> usize {
        HEADER_BYTES + self.tensor_count as usize * TENSOR_BYTES
    }

    /// Where the lists start: after the constant records.
    pub(crate) const fn lists_offset(&self) -> usize {
        self.constant_records_offset() + self.constant_count as usize * CONSTANT_BYTES
    }

    /// Where the names start: after the lists.
    pub(crate) const fn names_offset(&self) -> usize {
        self.lists_offset() + self.list_len as usize * size_of::<u16>()
    }

    /// Where the names end. The operators start at the next boundary of a section.
    pub(crate) const fn names_end(&self) -> usize {
        self.names_offset() + self.names_bytes as usize
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
        self.tensor_record(index).map_or_else(Tensor::default, Tensor::from_record)
    }

    #[inline]
    pub(crate) fn tensor_record(&self, index: usize) -> Option<&'m TensorRecord> {
        self.record(HEADER_BYTES, self.front.tensor_count.into(), index)
    }

    #[inline]
    pub(crate) fn op_record(&self, index: usize) -> Option<&'m OpRecord> {
        let start = self.front.operators_offset as usize;
        self.record(start, self.front.operator_count.into(), index)
    }

    #[inline]
    pub(crate) fn constant_record(&self, index: usize) -> Option<&'m ConstantRecord> {
        self.record(self.front.constant_records_offset(), self.front.constant_count.into(), index)
    }

    /// Returns the constant at `index` as values of a type; nothing if there is none, or its
    /// bytes are not a whole number of them.
    #[inline]
    pub(crate) fn constant<T: Pod>(&self, index: usize) -> &'m [T] {
        let bytes = self.constant_record(index).and_then(|record| {
            self.blob.get(record.offset as usize..)?.get(..record.bytes as usize)
        });
        bytemuck::try_cast_slice(bytes.unwrap_or(&[])).unwrap_or(&[])
    }

    /// Returns the tensor index at `place` of the lists.
    #[inline]
    pub(crate) fn listed(&self, place: usize) -> Option<u16> {
        self.record(self.front.lists_offset(), self.front.list_len.into(), place).copied()
    }

    /// Returns the names of inputs and outputs, each after its length.
    pub(crate) fn names(&self) -> &'m [u8] {
        let names = self.blob.get(self.front.names_offset()..self.front.names_end());
        names.unwrap_or(&[])
    }

    #[inline]
    fn record<R: Pod>(&self, start: usize, count: usize, index: usize) -> Option<&'m R> {
        if index >= count {
            return None;
        }
        let start = start.checked_add(index * size_of::<R>())?;
        let record = self.blob.get(start..)?.get(..size_of::<R>())?;
        bytemuck::try_from_bytes(record).ok()
    }
}
