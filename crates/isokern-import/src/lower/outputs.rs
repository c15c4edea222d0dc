//! What an operator writes: activations, other names of one, or constants.

use isokern_model::encode::DraftTensor;

use super::activations::{Known, activation, has_element, quantized};
use super::copies;
use super::operand::Value;
use super::site::Site;
use crate::error::{ImportError, OperatorFault, TensorFault};
use crate::graph::Element;

const ROLE: &str = "output";

impl Site<'_, '_> {
    /// Returns the int8 activation with a scale that the operator writes; from now on others can
    /// read it.
    pub(super) fn output(&mut self) -> Result<Value, ImportError> {
        self.output_at(0)
    }

    /// Returns the int8 activation with a scale that the operator writes at `position`.
    pub(super) fn output_at(&mut self, position: usize) -> Result<Value, ImportError> {
        let index = self.output_index(position)?;
        let fault = |fault| self.tensor_fault(ROLE, index, fault);
        let (source, int8) = (&self.graph.tensors[index], [Element::Int8]);
        let tensor = activation(source, &int8).map_err(fault)?;
        quantized(source).map_err(fault)?;
        Ok(self.write(index, tensor))
    }

    /// Returns the activation that the operator writes at `position`, of one of these types.
    pub(super) fn output_of(
        &mut self,
        position: usize,
        elements: &[Element],
    ) -> Result<Value, ImportError> {
        let index = self.output_index(position)?;
        let tensor = activation(&self.graph.tensors[index], elements);
        let tensor = tensor.map_err(|fault| self.tensor_fault(ROLE, index, fault))?;
        Ok(self.write(index, tensor))
    }

    /// Returns whether the operator lists an output at `position` that is not left out.
    pub(super) fn has_output(&self, position: usize) -> bool {
        self.operator.output(position).is_some_and(|index| index != -1)
    }

    /// Returns whether what the operator writes at `position` is an output of the graph.
    pub(super) fn is_output(&self, position: usize) -> Result<bool, ImportError> {
        Ok(self.graph.outputs.contains(&self.output_index(position)?))
    }

    /// Adds an activation that the file has no name for, and returns its place.
    pub(super) fn temporary(&mut self, tensor: DraftTensor) -> u16 {
        self.activations.temporary(tensor)
    }

    /// Makes the output at `position`, of any type, another name of the activation at `place`,
    /// which has as many bytes: without an operator, or with a reshape where the output has another
    /// shape or quantisation.
    pub(super) fn alias(&mut self, position: usize, place: u16) -> Result<Value, ImportError> {
        let index = self.output_index(position)?;
        let fault = |fault| self.tensor_fault(ROLE, index, fault);
        let source = &self.graph.tensors[index];
        let tensor = activation(source, &[source.element]).map_err(fault)?;
        let same = self.activations.tensor(place).ok_or_else(|| fault(TensorFault::NotWritten))?;
        if same.dtype != tensor.dtype || same.bytes() != tensor.bytes() {
            let (input, output) = (same.len(), tensor.len());
            return Err(self.fault(OperatorFault::ReshapeLength { input, output }));
        }
        let is_same = same.dims == tensor.dims
            && same.scale.to_bits() == tensor.scale.to_bits()
            && same.zero_point == tensor.zero_point;
        if is_same {
            self.activations.set(index, Known::Activation(place));
            return Ok(Value { place, index, tensor });
        }
        let output = self.write(index, tensor);
        self.same_bytes(place, &output);
        Ok(output)
    }

    /// Emits what gives `output` the bytes of the activation at `place`, which has as many.
    pub(super) fn same_bytes(&mut self, place: u16, output: &Value) {
        self.emit(copies::op(place, output.place));
    }

    /// Makes the output at `position`, which must have this type and shape, a constant of these
    /// bytes.
    pub(super) fn fold_as(
        &mut self,
        position: usize,
        (element, shape): (Element, &[u32]),
        data: Vec<u8>,
    ) -> Result<(), ImportError> {
        self.folded_shape(position, element, shape)?;
        self.fold(position, data)
    }

    /// Makes the output at `position` a constant of these bytes, each value with its least byte
    /// first.
    pub(super) fn fold(&mut self, position: usize, data: Vec<u8>) -> Result<(), ImportError> {
        let index = self.output_index(position)?;
        let fault = |fault| self.tensor_fault(ROLE, index, fault);
        let tensor = &self.graph.tensors[index];
        let size = tensor.element.size_bytes();
        let sizes = tensor.sizes().map(|size| usize::try_from(size).unwrap_or(0));
        let (found, need) = (data.len(), sizes.fold(size, usize::saturating_mul));
        if found != need {
            return Err(fault(TensorFault::DataLength { found, need }));
        }
        self.activations.count_constants(found)?;
        self.activations.set(index, Known::Constant(data.into()));
        Ok(())
    }

    /// Checks type and shape of an output that becomes a constant.
    fn folded_shape(
        &self,
        position: usize,
        element: Element,
        need: &[u32],
    ) -> Result<(), ImportError> {
        let index = self.output_index(position)?;
        let source = &self.graph.tensors[index];
        let fault = |fault| self.tensor_fault(ROLE, index, fault);
        has_element(source.element, &[element]).map_err(fault)?;
        if source.sizes().map(i64::from).eq(need.iter().copied().map(i64::from)) {
            return Ok(());
        }
        let found = format!("{:?}", source.sizes().collect::<Vec<_>>());
        Err(fault(TensorFault::Shape { found, need: format!("{need:?}") }))
    }

    /// Makes the output at `position` the name of a variable.
    pub(super) fn name_variable(
        &mut self,
        position: usize,
        number: usize,
    ) -> Result<(), ImportError> {
        let index = self.output_index(position)?;
        has_element(self.graph.tensors[index].element, &[Element::Resource])
            .map_err(|fault| self.tensor_fault(ROLE, index, fault))?;
        self.activations.set(index, Known::Variable(number));
        Ok(())
    }

    /// Returns the error for an output whose stated shape is not the one that follows; no dimension
    /// is that of one value.
    pub(super) fn shape(&self, output: &Value, need: &[u32]) -> Result<(), ImportError> {
        let need = if need.is_empty() { &[1] } else { need };
        if output.tensor.dims == need {
            return Ok(());
        }
        let (found, need) = (format!("{:?}", output.tensor.dims), format!("{need:?}"));
        Err(self.tensor_fault(ROLE, output.index, TensorFault::Shape { found, need }))
    }

    fn write(&mut self, index: usize, tensor: DraftTensor) -> Value {
        let place = self.activations.add(index, tensor.clone());
        Value { place, index, tensor }
    }

    /// Returns the index of an output that nothing has written.
    fn output_index(&self, position: usize) -> Result<usize, ImportError> {
        let index = self.stated_output(position)?;
        let fault = |fault| self.tensor_fault(ROLE, index, fault);
        if self.graph.tensors[index].data.is_some() {
            return Err(fault(TensorFault::Constant));
        }
        match self.activations.known(index) {
            Known::Nothing => Ok(index),
            Known::Activation(_) | Known::Constant(_) | Known::Variable(_) | Known::Refused => {
                Err(fault(TensorFault::WrittenTwice))
            }
        }
    }
}
