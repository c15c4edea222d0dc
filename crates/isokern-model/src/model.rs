//! The view of a packed model that executors read.

use crate::header::{FORMAT_VERSION, HEADER_BYTES, Header, MAGIC, NONE};
use crate::kind::OpSet;
use crate::layout::Layout;
use crate::operators::Op;
use crate::record::OpRecord;
use crate::sections::{Sections, bytes_of, tensor};
use crate::site::OperatorSite;
use crate::tensor::Tensor;

/// A checked packed model: a view of its bytes.
///
/// Reading through the view cannot fail: what a blob must be was checked once, by
/// [`Model::parse`], and every access is bounded all the same.
#[derive(Debug, Clone, Copy)]
pub struct Model<'m> {
    pub(crate) sections: Sections<'m>,
}

/// The proof that some blob was checked, apart from the blob.
///
/// An owner of both bytes and model keeps this beside the bytes and asks for a
/// [`view`](Self::view) when it needs one, without checking again.
#[derive(Debug, Clone, Copy)]
pub struct Checked(());

impl Checked {
    /// Returns the model in `blob`, which must be the bytes that were checked, on the same
    /// boundary.
    ///
    /// Reads stay inside `blob` whatever it is, but a run over bytes that were not
    /// checked may give any answer, take any time, or panic.
    #[must_use]
    pub fn view(self, blob: &[u8]) -> Model<'_> {
        Model { sections: Sections::of(blob) }
    }
}

impl<'m> Model<'m> {
    /// Views a blob whose header was read, and nothing else checked.
    pub(crate) fn unchecked(blob: &'m [u8], header: &'m Header) -> Self {
        Self { sections: Sections::new(blob, header) }
    }

    /// Views a blob that was checked elsewhere: by the host of a device that holds a copy.
    ///
    /// Reads the header alone, so that a thousand threads can each have a view in no time.
    /// `None` if the bytes do not begin with a header of this format version, are fewer
    /// than it says, or start off a boundary of 4 bytes. Reads stay inside `blob` whatever it
    /// is, but a run over bytes that were never checked may give any answer, take any time, or
    /// panic.
    #[must_use]
    #[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
    pub fn of_checked(blob: &'m [u8]) -> Option<Self> {
        let header: &Header = bytemuck::try_from_bytes(blob.get(..HEADER_BYTES)?).ok()?;
        let whole = blob.get(..header.blob_bytes as usize)?;
        let known = header.magic == MAGIC && header.format_version == FORMAT_VERSION;
        known.then(|| Self::unchecked(whole, header))
    }

    /// Returns the proof that these bytes were checked.
    #[must_use]
    pub const fn checked(&self) -> Checked {
        Checked(())
    }

    /// Returns the bytes of the model.
    #[must_use]
    pub const fn blob(&self) -> &'m [u8] {
        self.sections.blob
    }

    /// Returns the header, in the blob.
    #[must_use]
    pub const fn header(&self) -> &'m Header {
        self.sections.header
    }

    /// Returns the bytes of arena that a run needs, inputs and outputs inside.
    #[must_use]
    pub const fn arena_bytes(&self) -> usize {
        self.sections.header.arena_bytes as usize
    }

    /// Returns the bytes of state that last from one run to the next; 0 for most models.
    #[must_use]
    pub const fn state_bytes(&self) -> usize {
        self.sections.header.state_bytes as usize
    }

    /// Returns what the state holds before the first run; nothing if that is zeros.
    #[must_use]
    pub fn initial_state(&self) -> &'m [u8] {
        match self.sections.header.state_constant {
            NONE => &[],
            constant => {
                let record = self.sections.constants.get(usize::from(constant));
                record.map_or(&[], |record| bytes_of(self.blob(), record))
            }
        }
    }

    /// Writes to `state` what it holds before the first run.
    ///
    /// Bytes after [`state_bytes`](Self::state_bytes) are left alone.
    pub fn reset_state(&self, state: &mut [u8]) {
        let initial = self.initial_state().iter().copied().chain(core::iter::repeat(0));
        for (byte, value) in state.iter_mut().take(self.state_bytes()).zip(initial) {
            *byte = value;
        }
    }

    /// Returns the order of the weights.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.sections.layout()
    }

    /// Returns the operator kinds that occur.
    #[must_use]
    pub const fn operator_set(&self) -> OpSet {
        OpSet::from_words(self.sections.header.operator_set)
    }

    /// Returns the number of tensors.
    #[must_use]
    pub const fn tensor_count(&self) -> usize {
        self.sections.header.tensor_count as usize
    }

    /// Returns the number of operators.
    #[must_use]
    pub const fn operator_count(&self) -> usize {
        self.sections.header.operator_count as usize
    }

    /// Returns the tensor at `index`, or an empty one if there is none.
    #[must_use]
    pub fn tensor(&self, index: usize) -> Tensor {
        tensor(self.sections.tensors, index)
    }

    /// Returns the first and last step at which the bytes of a tensor must hold.
    ///
    /// Step 0 is the caller writing the inputs, step `i + 1` is operator `i`, and the step
    /// after the last operator is the caller reading the outputs.
    #[must_use]
    pub fn alive(&self, tensor: usize) -> (usize, usize) {
        self.sections
            .tensors
            .get(tensor)
            .map_or((0, 0), |record| (record.first_step.into(), record.last_step.into()))
    }

    /// Returns the operator at `index`, if there is one.
    #[must_use]
    pub fn op(&self, index: usize) -> Option<Op<'m>> {
        let site = self.operator_site(index)?;
        Some(site.kind()?.view(&site))
    }

    /// Returns all operators, in the order they run.
    pub fn ops(&self) -> impl Iterator<Item = Op<'m>> + '_ {
        (0..self.operator_count()).map_while(|index| self.op(index))
    }

    /// Returns where the operator at `index` is: its tensors and constants.
    #[must_use]
    pub fn operator_site(&self, index: usize) -> Option<OperatorSite<'m>> {
        self.op_record(index).map(|record| self.site(record))
    }

    /// Returns where the operator at `index` is, for the loop of a run.
    // Inlined, all fields of the model would be in a device's registers for all of that loop.
    #[cfg_attr(target_arch = "nvptx64", inline(never))]
    #[cfg_attr(not(target_arch = "nvptx64"), inline(always))]
    pub(crate) fn site_at(&self, index: u32) -> Option<OperatorSite<'m>> {
        self.op_record(index as usize).map(|record| self.site(record))
    }

    pub(crate) fn site(&self, record: &'m OpRecord) -> OperatorSite<'m> {
        OperatorSite::new(&self.sections, record)
    }

    pub(crate) fn op_record(&self, index: usize) -> Option<&'m OpRecord> {
        self.sections.operators.get(index)
    }
}
