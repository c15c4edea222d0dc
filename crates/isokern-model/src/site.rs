//! An operator in its model: the tensors and constants that its record names.

use bytemuck::Pod;
use isokern_core::DType;

use crate::header::CONSTANT_ALIGN;
use crate::layout::Layout;
use crate::operators::OpKind;
use crate::record::{ConstantRecord, OpRecord};
use crate::sections::{Sections, bytes_of, tensor};
use crate::tensor::{Tensor, TensorRecord};

/// The view that an operator has of its model.
///
/// Tensors by position, and typed, bounded slices of constants; nothing else of the blob. Every
/// access is total, so a site may be asked before anything was checked.
#[derive(Debug, Clone, Copy)]
pub struct OperatorSite<'m> {
    blob: &'m [u8],
    /// The tensors of the model.
    tensors: &'m [TensorRecord],
    layout: u8,
    record: &'m OpRecord,
    /// Indices of the operator's tensors: inputs, outputs, scratch.
    list: &'m [u16],
    constants: &'m [ConstantRecord],
}

impl<'m> OperatorSite<'m> {
    pub(crate) fn new(sections: &Sections<'m>, record: &'m OpRecord) -> Self {
        let (list, constants) = (record.list_start.into(), record.constant_start.into());
        let tensor_count = usize::from(record.input_count)
            + usize::from(record.output_count)
            + usize::from(record.scratch_count);
        Self {
            blob: sections.blob,
            tensors: sections.tensors,
            layout: sections.header.layout,
            record,
            list: stretch(sections.lists, list, tensor_count),
            constants: stretch(sections.constants, constants, record.constant_count.into()),
        }
    }

    /// Returns the kind of the operator; none before it was checked, if there is no such kind.
    #[must_use]
    pub const fn kind(&self) -> Option<OpKind> {
        OpKind::from_code(self.record.kind)
    }

    pub(crate) const fn record(&self) -> &'m OpRecord {
        self.record
    }

    /// Returns how many tensors the operator reads.
    #[must_use]
    pub fn input_count(&self) -> usize {
        self.record.input_count.into()
    }

    /// Returns how many tensors the operator writes.
    #[must_use]
    pub fn output_count(&self) -> usize {
        self.record.output_count.into()
    }

    /// Returns how many tensors the operator uses while it runs.
    #[must_use]
    pub fn scratch_count(&self) -> usize {
        self.record.scratch_count.into()
    }

    /// Returns how many constants the operator has.
    #[must_use]
    pub fn constant_count(&self) -> usize {
        self.record.constant_count.into()
    }

    /// Returns the index of the tensor read at `position`.
    #[must_use]
    pub fn input_index(&self, position: usize) -> Option<u16> {
        self.index(position, 0, self.input_count())
    }

    /// Returns the index of the tensor written at `position`.
    #[must_use]
    pub fn output_index(&self, position: usize) -> Option<u16> {
        self.index(position, self.input_count(), self.output_count())
    }

    /// Returns the index of the scratch tensor at `position`.
    #[must_use]
    pub fn scratch_index(&self, position: usize) -> Option<u16> {
        self.index(position, self.input_count() + self.output_count(), self.scratch_count())
    }

    /// Returns the indices of the tensors read, in order.
    pub fn input_indices(&self) -> impl Iterator<Item = u16> + '_ {
        (0..self.input_count()).filter_map(|position| self.input_index(position))
    }

    /// Returns the indices of the tensors written, in order.
    pub fn output_indices(&self) -> impl Iterator<Item = u16> + '_ {
        (0..self.output_count()).filter_map(|position| self.output_index(position))
    }

    /// Returns the indices of the scratch tensors, in order.
    pub fn scratch_indices(&self) -> impl Iterator<Item = u16> + '_ {
        (0..self.scratch_count()).filter_map(|position| self.scratch_index(position))
    }

    /// Returns the tensor read at `position`, or an empty one if there is none.
    #[must_use]
    pub fn input(&self, position: usize) -> Tensor {
        self.tensor(self.input_index(position))
    }

    /// Returns the tensors read, for operators with any number of them.
    #[must_use]
    pub fn inputs(&self) -> Inputs<'m> {
        Inputs { tensors: self.tensors, list: stretch(self.list, 0, self.input_count()) }
    }

    /// Returns the tensor written at `position`, or an empty one if there is none.
    #[must_use]
    pub fn output(&self, position: usize) -> Tensor {
        self.tensor(self.output_index(position))
    }

    /// Returns the scratch tensor at `position`, or an empty one if there is none.
    #[must_use]
    pub fn scratch(&self, position: usize) -> Tensor {
        self.tensor(self.scratch_index(position))
    }

    /// Returns the constant at `position` as values of a type; nothing if there is none, or its
    /// bytes are not a whole number of them.
    #[must_use]
    pub fn constant<T: Pod>(&self, position: usize) -> &'m [T] {
        bytemuck::try_cast_slice(self.constant_bytes(position)).unwrap_or(&[])
    }

    /// Returns whether the constant at `position` is exactly `count` values of a type.
    #[must_use]
    pub fn has_constant<T: Pod>(&self, position: usize, count: usize) -> bool {
        // Constants start on a boundary of 4 bytes, as no type needs more.
        const { assert!(align_of::<T>() <= CONSTANT_ALIGN) };
        count.checked_mul(size_of::<T>()) == Some(self.constant_bytes(position).len())
    }

    /// Returns the order of weights.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::from_code(self.layout).unwrap_or(Layout::Row)
    }

    /// Returns whether every tensor read or written has this element type.
    #[must_use]
    pub fn is_all(&self, dtype: DType) -> bool {
        let count = self.input_count() + self.output_count();
        (0..count).all(|place| self.tensor(self.index(place, 0, count)).dtype() == dtype)
    }

    /// Returns whether the operator writes the tensor `index`, or uses it as scratch.
    pub(crate) fn is_owner_of(&self, index: u16) -> bool {
        self.list.iter().skip(self.input_count()).any(|&tensor| tensor == index)
    }

    fn constant_bytes(&self, position: usize) -> &'m [u8] {
        self.constants.get(position).map_or(&[], |record| bytes_of(self.blob, record))
    }

    fn index(&self, position: usize, first: usize, count: usize) -> Option<u16> {
        if position < count { self.list.get(first + position).copied() } else { None }
    }

    fn tensor(&self, index: Option<u16>) -> Tensor {
        index.map_or_else(Tensor::default, |index| tensor(self.tensors, index.into()))
    }
}

/// The tensors that an operator reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inputs<'m> {
    tensors: &'m [TensorRecord],
    list: &'m [u16],
}

impl Inputs<'_> {
    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.list.len()
    }

    /// Returns the tensor at `position`, or an empty one if there is none.
    #[must_use]
    pub fn at(&self, position: usize) -> Tensor {
        let index = self.list.get(position).copied();
        index.map_or_else(Tensor::default, |index| tensor(self.tensors, index.into()))
    }
}

/// Returns `count` entries from `start`; none if they are not all there.
fn stretch<R>(table: &[R], start: usize, count: usize) -> &[R] {
    table.get(start..).and_then(|tail| tail.get(..count)).unwrap_or(&[])
}
