//! An operator in its model: the tensors and constants that its record names.

use bytemuck::Pod;

use crate::layout::Layout;
use crate::record::{NONE, OpRecord};
use crate::sections::Sections;
use crate::tensor::Tensor;

/// What an operator sees of the model it is in.
///
/// Tensors by position, and typed, bounded slices of constants; nothing else of the blob. Every
/// access is total, so a site may be asked before anything was checked.
#[derive(Debug, Clone, Copy)]
pub struct OperatorSite<'m> {
    sections: Sections<'m>,
    inputs: [u16; 2],
    output: u16,
}

impl<'m> OperatorSite<'m> {
    pub(crate) const fn new(sections: &Sections<'m>, record: &OpRecord) -> Self {
        let inputs = [record.input, record.input_b];
        Self { sections: *sections, inputs, output: record.output }
    }

    /// Returns how many tensors the operator reads.
    #[must_use]
    pub const fn input_count(&self) -> usize {
        if self.inputs[1] == NONE { 1 } else { 2 }
    }

    /// Returns the tensor read at `position`, or an empty one if there is none.
    #[must_use]
    pub fn input(&self, position: usize) -> Tensor {
        self.tensor(self.inputs.get(position))
    }

    /// Returns the tensor written at `position`, or an empty one if there is none.
    #[must_use]
    pub fn output(&self, position: usize) -> Tensor {
        self.tensor(if position == 0 { Some(&self.output) } else { None })
    }

    /// Returns the order of weights.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.sections.layout()
    }

    /// Returns `count` values from `offset`, or none if they are not all inside and aligned.
    #[must_use]
    pub fn values<T: Pod>(&self, offset: u32, count: usize) -> &'m [T] {
        self.sections.values(offset, count).unwrap_or(&[])
    }

    /// Returns `count` values in the constants section, aligned; `None` if they are not there.
    #[must_use]
    pub fn constants<T: Pod>(&self, offset: u32, count: usize) -> Option<&'m [T]> {
        if offset < self.sections.front.constants_offset {
            return None;
        }
        self.sections.values(offset, count)
    }

    fn tensor(&self, index: Option<&u16>) -> Tensor {
        index.map_or_else(Tensor::default, |&index| self.sections.tensor(index.into()))
    }
}
