//! The inputs and outputs of a model: the tensors that its caller writes and reads.

use crate::model::Model;
use crate::tensor::Tensor;

impl<'m> Model<'m> {
    /// Returns how many tensors the caller writes.
    #[must_use]
    pub const fn input_count(&self) -> usize {
        self.sections.header.input_count as usize
    }

    /// Returns how many tensors the caller reads.
    #[must_use]
    pub const fn output_count(&self) -> usize {
        self.sections.header.output_count as usize
    }

    /// Returns the first input.
    #[must_use]
    pub fn input(&self) -> Tensor {
        self.input_at(0)
    }

    /// Returns the first output.
    #[must_use]
    pub fn output(&self) -> Tensor {
        self.output_at(0)
    }

    /// Returns the input at `position`, or an empty tensor if there is none.
    #[must_use]
    pub fn input_at(&self, position: usize) -> Tensor {
        self.input_index(position).map_or_else(Tensor::default, |index| self.tensor(index.into()))
    }

    /// Returns the output at `position`, or an empty tensor if there is none.
    #[must_use]
    pub fn output_at(&self, position: usize) -> Tensor {
        self.output_index(position).map_or_else(Tensor::default, |index| self.tensor(index.into()))
    }

    /// Returns all inputs, in order.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = Tensor> + '_ {
        (0..self.input_count()).map(|position| self.input_at(position))
    }

    /// Returns all outputs, in order.
    pub fn outputs(&self) -> impl ExactSizeIterator<Item = Tensor> + '_ {
        (0..self.output_count()).map(|position| self.output_at(position))
    }

    /// Returns the bytes of all inputs, one after the other.
    #[must_use]
    pub fn input_bytes(&self) -> usize {
        self.inputs().map(|tensor| tensor.bytes()).sum()
    }

    /// Returns the bytes of all outputs, one after the other.
    #[must_use]
    pub fn output_bytes(&self) -> usize {
        self.outputs().map(|tensor| tensor.bytes()).sum()
    }

    /// Returns the index of the tensor of the input at `position`.
    #[must_use]
    pub fn input_index(&self, position: usize) -> Option<u16> {
        self.sections.lists.get(position).copied().filter(|_| position < self.input_count())
    }

    /// Returns the index of the tensor of the output at `position`.
    #[must_use]
    pub fn output_index(&self, position: usize) -> Option<u16> {
        let place = self.input_count().wrapping_add(position);
        self.sections.lists.get(place).copied().filter(|_| position < self.output_count())
    }

    /// Returns the name of the input at `position`; empty if it has none, or there is no such
    /// input.
    #[must_use]
    pub fn input_name(&self, position: usize) -> &'m str {
        if position < self.input_count() { self.name(position) } else { "" }
    }

    /// Returns the name of the output at `position`; empty if it has none, or there is no such
    /// output.
    #[must_use]
    pub fn output_name(&self, position: usize) -> &'m str {
        if position < self.output_count() { self.name(self.input_count() + position) } else { "" }
    }

    /// Returns the name at `place` of the names, each of which follows a byte with its length.
    fn name(&self, place: usize) -> &'m str {
        let mut names = self.sections.names();
        for _ in 0..place {
            let Some((&len, rest)) = names.split_first() else { return "" };
            names = rest.get(len.into()..).unwrap_or(&[]);
        }
        let Some((&len, rest)) = names.split_first() else { return "" };
        core::str::from_utf8(rest.get(..len.into()).unwrap_or(&[])).unwrap_or("")
    }
}
