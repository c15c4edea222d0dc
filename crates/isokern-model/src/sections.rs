//! The sections of a blob: records, lists, names and constants by index, always bounded.

use bytemuck::Pod;

use crate::header::{HEADER_BYTES, Header};
use crate::layout::Layout;
use crate::record::{ConstantRecord, OpRecord};
use crate::tensor::{Tensor, TensorRecord};

/// The bytes of a blob, and where its sections are.
///
/// It knows nothing of operators. Every read is total: outside a section it gives nothing.
/// Records are read in place, so the blob must start on its boundary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sections<'m> {
    pub(crate) blob: &'m [u8],
    /// The header, in the blob: what is read of it now and then takes no stack.
    pub(crate) header: &'m Header,
    pub(crate) tensors: &'m [TensorRecord],
    pub(crate) operators: &'m [OpRecord],
    pub(crate) constants: &'m [ConstantRecord],
    /// Tensor indices: inputs and outputs of the model, then the tensors of each operator.
    pub(crate) lists: &'m [u16],
}

/// What a blob without a whole header is read as: it has no sections.
static NO_HEADER: Header = Header::NONE;

impl<'m> Sections<'m> {
    /// Returns the sections of a blob that begins with a header.
    pub(crate) fn of(blob: &'m [u8]) -> Self {
        let front = blob.get(..HEADER_BYTES);
        let header = front.and_then(|front| bytemuck::try_from_bytes(front).ok());
        Self::new(blob, header.unwrap_or(&NO_HEADER))
    }

    /// Returns the sections of a blob where a header says they are.
    pub(crate) fn new(blob: &'m [u8], header: &'m Header) -> Self {
        Self {
            blob,
            header,
            tensors: table(blob, HEADER_BYTES, header.tensor_count),
            operators: table(blob, header.operators_offset as usize, header.operator_count),
            constants: table(blob, header.constant_records_offset(), header.constant_count),
            lists: table(blob, header.lists_offset(), header.list_len),
        }
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::from_code(self.header.layout).unwrap_or(Layout::Row)
    }

    /// Returns the names of inputs and outputs, each after its length.
    pub(crate) fn names(&self) -> &'m [u8] {
        let names = self.blob.get(self.header.names_offset()..self.header.names_end());
        names.unwrap_or(&[])
    }
}

/// Returns the tensor at `index`, or an empty one if there is none.
#[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not its caller's.
pub(crate) fn tensor(tensors: &[TensorRecord], index: usize) -> Tensor {
    tensors.get(index).map_or_else(Tensor::default, Tensor::from_record)
}

/// Returns the bytes of a constant; none if they are not all inside.
#[inline]
pub(crate) fn bytes_of<'m>(blob: &'m [u8], record: &ConstantRecord) -> &'m [u8] {
    let tail = blob.get(record.offset as usize..).unwrap_or(&[]);
    tail.get(..record.bytes as usize).unwrap_or(&[])
}

/// Returns `count` records from `start`; none if they are not all inside and aligned.
fn table<R: Pod>(blob: &[u8], start: usize, count: u16) -> &[R] {
    let bytes = usize::from(count) * size_of::<R>();
    let bytes = blob.get(start..).and_then(|tail| tail.get(..bytes));
    bytemuck::try_cast_slice(bytes.unwrap_or(&[])).unwrap_or(&[])
}
