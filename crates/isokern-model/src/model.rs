//! The view of a packed model that executors read.

use crate::header::{FORMAT_VERSION, HEADER_BYTES, Header, MAGIC, SECTION_ALIGN};
use crate::kind::OpSet;
use crate::layout::Layout;
use crate::operators::{Op, OpKind};
use crate::record::OpRecord;
use crate::sections::{Front, Sections, read};
use crate::site::OperatorSite;
use crate::tensor::{Tensor, TensorRecord};

/// A checked packed model: a view of its bytes.
///
/// Reading through the view cannot fail: what a blob must be was checked once, by
/// [`Model::parse`], and every access is bounded all the same.
#[derive(Debug, Clone, Copy)]
pub struct Model<'m> {
    sections: Sections<'m>,
}

/// The proof that some blob was checked, apart from the blob.
///
/// An owner of both bytes and model keeps this beside the bytes and asks for a
/// [`view`](Self::view) when it needs one, without checking again.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    front: Front,
}

impl Checked {
    /// The model in `blob`, which must be the bytes that were checked.
    ///
    /// Reads stay inside `blob` whatever it is, but a run over bytes that were not
    /// checked may give any answer, take any time, or panic.
    #[must_use]
    pub const fn view(self, blob: &[u8]) -> Model<'_> {
        Model { sections: Sections { blob, front: self.front } }
    }
}

impl<'m> Model<'m> {
    /// Views a blob whose header was read, and nothing else checked.
    pub(crate) const fn unchecked(blob: &'m [u8], header: &Header) -> Self {
        Self { sections: Sections { blob, front: Front::new(header) } }
    }

    /// Views a blob that was checked elsewhere: by the host of a device that holds a copy.
    ///
    /// Reads the header alone, so that a thousand threads can each have a view in no time.
    /// `None` if the bytes do not begin with a header of this format version, or are fewer
    /// than it says. Reads stay inside `blob` whatever it is, but a run over bytes that
    /// were never checked may give any answer, take any time, or panic.
    #[must_use]
    pub fn of_checked(blob: &'m [u8]) -> Option<Self> {
        let header: Header = read(blob.get(..HEADER_BYTES)?)?;
        let whole = blob.get(..header.blob_bytes as usize)?;
        let known = header.magic == MAGIC && header.format_version == FORMAT_VERSION;
        known.then(|| Self::unchecked(whole, &header))
    }

    /// The proof that these bytes were checked.
    #[must_use]
    pub const fn checked(&self) -> Checked {
        Checked { front: self.sections.front }
    }

    /// The bytes of the model.
    #[must_use]
    pub const fn blob(&self) -> &'m [u8] {
        self.sections.blob
    }

    /// The header, read from the blob.
    #[must_use]
    pub fn header(&self) -> Header {
        self.sections.header()
    }

    /// Bytes of arena that a run needs, input and output inside.
    #[must_use]
    pub const fn arena_bytes(&self) -> usize {
        self.sections.front.arena_bytes as usize
    }

    /// The order of the weights.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.sections.layout()
    }

    /// The operator kinds that occur.
    #[must_use]
    pub const fn operator_set(&self) -> OpSet {
        OpSet::from_bits(self.sections.front.operator_set)
    }

    /// Number of tensors.
    #[must_use]
    pub const fn tensor_count(&self) -> usize {
        self.sections.front.tensor_count as usize
    }

    /// Number of operators.
    #[must_use]
    pub const fn operator_count(&self) -> usize {
        self.sections.front.operator_count as usize
    }

    /// The tensor the caller writes.
    #[must_use]
    pub fn input(&self) -> Tensor {
        self.tensor(self.sections.front.input_tensor as usize)
    }

    /// The tensor the caller reads.
    #[must_use]
    pub fn output(&self) -> Tensor {
        self.tensor(self.sections.front.output_tensor as usize)
    }

    /// The tensor at `index`, or an empty one if there is none.
    #[must_use]
    pub fn tensor(&self, index: usize) -> Tensor {
        self.sections.tensor(index)
    }

    /// The operator at `index`, if there is one.
    #[must_use]
    // Inlined it would hold most registers of a device thread for all of a run.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    pub fn op(&self, index: usize) -> Option<Op<'m>> {
        let record = self.op_record(index)?;
        Some(OpKind::from_code(record.kind)?.view(&self.site(&record), &record))
    }

    /// All operators, in the order they run.
    pub fn ops(&self) -> impl Iterator<Item = Op<'m>> + '_ {
        (0..self.operator_count()).map_while(|index| self.op(index))
    }

    /// The tensors that the operator at `index` reads, and the one it writes.
    #[must_use]
    pub fn operator_tensors(&self, index: usize) -> Option<([u16; 2], u16)> {
        let record = self.op_record(index)?;
        Some(([record.input, record.input_b], record.output))
    }

    pub(crate) fn site(&self, record: &OpRecord) -> OperatorSite<'m> {
        OperatorSite::new(&self.sections, record)
    }

    pub(crate) fn tensor_record(&self, index: usize) -> Option<TensorRecord> {
        self.sections.tensor_record(index)
    }

    pub(crate) fn op_record(&self, index: usize) -> Option<OpRecord> {
        self.sections.op_record(index)
    }

    /// Whether the tensor at `index` is the one the caller writes.
    pub(crate) const fn is_input(&self, index: u16) -> bool {
        self.sections.front.input_tensor == index
    }
}

const _: () = assert!(HEADER_BYTES.is_multiple_of(SECTION_ALIGN));
