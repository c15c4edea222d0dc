//! An operator in its model: the tensors and constants that its record names.

use bytemuck::Pod;
use isokern_core::DType;

use crate::layout::Layout;
use crate::record::OpRecord;
use crate::sections::Sections;
use crate::tensor::Tensor;

/// What an operator sees of the model it is in.
///
/// Tensors by position, and typed, bounded slices of constants; nothing else of the blob. Every
/// access is total, so a site may be asked before anything was checked.
#[derive(Debug, Clone, Copy)]
pub struct OperatorSite<'m> {
    sections: Sections<'m>,
    record: &'m OpRecord,
}

impl<'m> OperatorSite<'m> {
    pub(crate) const fn new(sections: &Sections<'m>, record: &'m OpRecord) -> Self {
        Self { sections: *sections, record }
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
        if position >= self.constant_count() {
            return &[];
        }
        self.sections.constant(usize::from(self.record.constant_start) + position)
    }

    /// Returns whether the constant at `position` is exactly `count` values of a type.
    #[must_use]
    pub fn has_constant<T: Pod>(&self, position: usize, count: usize) -> bool {
        let bytes = count.checked_mul(size_of::<T>());
        bytes == Some(self.constant::<u8>(position).len())
            && self.constant::<T>(position).len() == count
    }

    /// Returns the order of weights.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.sections.layout()
    }

    /// Returns whether every tensor read or written has this element type.
    #[must_use]
    pub fn is_all(&self, dtype: DType) -> bool {
        let count = self.input_count() + self.output_count();
        (0..count).all(|place| self.tensor(self.index(place, 0, count)).dtype() == dtype)
    }

    fn index(&self, position: usize, first: usize, count: usize) -> Option<u16> {
        if position >= count {
            return None;
        }
        self.sections.listed(usize::from(self.record.list_start) + first + position)
    }

    fn tensor(&self, index: Option<u16>) -> Tensor {
        index.map_or_else(Tensor::default, |index| self.sections.tensor(index.into()))
    }
}
