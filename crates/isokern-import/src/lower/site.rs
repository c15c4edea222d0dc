//! An operator in its graph: its tensors, checked, and errors that name the place.

use isokern_model::encode::DraftTensor;
use isokern_model::requant::Activation;

use super::activations::{Activations, activation, tensor_error};
use crate::error::{ImportError, OperatorFault, TensorFault};
use crate::graph::{FromOption, Graph, GraphOperator, GraphTensor, OptionFault};
use crate::quantize::{self, Fused, MultiplierFault};

/// An activation that an operator reads or writes.
#[derive(Debug)]
pub(super) struct Value {
    /// Its place in the draft.
    pub(super) place: u16,
    /// Its index in the file.
    pub(super) index: usize,
    pub(super) tensor: DraftTensor,
}

/// One operator while it is lowered.
#[derive(Debug)]
pub(super) struct Site<'s, 'f> {
    graph: &'s Graph<'f>,
    activations: &'s mut Activations,
    index: usize,
    operator: &'s GraphOperator<'f>,
}

impl<'s, 'f> Site<'s, 'f> {
    pub(super) const fn new(
        graph: &'s Graph<'f>,
        activations: &'s mut Activations,
        index: usize,
        operator: &'s GraphOperator<'f>,
    ) -> Self {
        Self { graph, activations, index, operator }
    }

    /// Checks how many inputs and outputs the operator has.
    pub(super) fn arity(&self, least: usize, most: usize) -> Result<(), ImportError> {
        let found = self.operator.inputs.len();
        if !(least..=most).contains(&found) {
            return Err(self.fault(OperatorFault::InputCount { found, least, most }));
        }
        match self.operator.outputs.len() {
            1 => Ok(()),
            found => Err(self.fault(OperatorFault::OutputCount { found })),
        }
    }

    /// The option with this name in the schema.
    pub(super) fn option<T: FromOption>(&self, name: &'static str) -> Result<T, ImportError> {
        let option = self.operator.options.iter().find(|option| option.name == name);
        let unread = || self.fault(OperatorFault::NoOption { name });
        match &option.ok_or_else(unread)?.value {
            Ok(value) => T::from_option(*value).ok_or_else(unread),
            Err(OptionFault::File(fault)) => Err(fault.clone().into()),
            Err(OptionFault::Operator(fault)) => Err(self.fault(fault.clone())),
        }
    }

    /// The option that names the fused activation; see [`Site::activation`].
    pub(super) fn fused_activation(&self) -> Result<u8, ImportError> {
        self.option("fused_activation_function")
    }

    /// The activation read at `position`.
    pub(super) fn input(&self, position: usize, role: &'static str) -> Result<Value, ImportError> {
        let (index, tensor) = self.tensor_at(position, role)?;
        let fault = |fault| self.tensor_fault(role, index, fault);
        if tensor.data.is_some() {
            return Err(fault(TensorFault::Constant));
        }
        let written = self.activations.written(index);
        let (place, tensor) = written.ok_or_else(|| fault(TensorFault::NotWritten))?;
        Ok(Value { place, index, tensor: tensor.clone() })
    }

    /// The activation that the operator writes; from now on others can read it.
    pub(super) fn output(&mut self) -> Result<Value, ImportError> {
        const ROLE: &str = "output";
        let stated = self.operator.output(0).unwrap_or(-1);
        let index = self.checked(stated)?;
        let fault = |fault| self.tensor_fault(ROLE, index, fault);
        let tensor = &self.graph.tensors[index];
        if tensor.data.is_some() {
            return Err(fault(TensorFault::Constant));
        }
        if self.activations.written(index).is_some() {
            return Err(fault(TensorFault::WrittenTwice));
        }
        let tensor = activation(tensor).map_err(fault)?;
        let place = self.activations.add(index, tensor.clone());
        Ok(Value { place, index, tensor })
    }

    /// The constant at `position`, with its index.
    pub(super) fn constant(
        &self,
        position: usize,
        role: &'static str,
    ) -> Result<(usize, &'s GraphTensor<'f>, &'f [u8]), ImportError> {
        let (index, tensor) = self.tensor_at(position, role)?;
        let fault = |fault| self.tensor_fault(role, index, fault);
        let data = tensor.data.ok_or_else(|| fault(TensorFault::NotConstant))?;
        if tensor.is_sparse {
            return Err(fault(TensorFault::Sparse));
        }
        Ok((index, tensor, data))
    }

    /// Whether there is an input at `position` and it is not left out.
    pub(super) fn has_input(&self, position: usize) -> bool {
        self.operator.input(position).is_some()
    }

    /// Whether the input at `position`, if there is one, is a constant.
    pub(super) fn is_constant_if_there(&self, position: usize) -> Result<bool, ImportError> {
        let Some(index) = self.operator.input(position) else { return Ok(true) };
        Ok(self.graph.tensors[self.checked(index)?].data.is_some())
    }

    /// Counts weights that are about to be copied, and refuses a file that lends the same
    /// ones to operator after operator until memory is full.
    pub(super) fn count_weights(&mut self, bytes: usize) -> Result<(), ImportError> {
        Ok(self.activations.count_weights(bytes, self.graph.file_bytes)?)
    }

    /// The range of the output that the fused activation leaves.
    pub(super) fn activation(
        &self,
        fused: u8,
        output: &DraftTensor,
    ) -> Result<Activation, ImportError> {
        let fused = match fused {
            0 => Fused::None,
            1 => Fused::Relu,
            2 => Fused::ReluN1To1,
            3 => Fused::Relu6,
            4 => return Err(self.fault(OperatorFault::Activation { name: "TANH" })),
            5 => return Err(self.fault(OperatorFault::Activation { name: "SIGN_BIT" })),
            _ => return Err(self.fault(OperatorFault::Activation { name: "of unknown number" })),
        };
        quantize::activation_range(fused, output.scale, output.zero_point as i8)
            .ok_or_else(|| self.fault(OperatorFault::ActivationRange))
    }

    /// The error for this operator.
    pub(super) const fn fault(&self, fault: OperatorFault) -> ImportError {
        ImportError::Operator { index: self.index, name: self.operator.name, fault }
    }

    /// The error for a multiplier of this operator.
    pub(super) const fn multiplier_fault(
        &self,
        channel: usize,
        fault: MultiplierFault,
    ) -> ImportError {
        self.fault(match fault {
            MultiplierFault::NoNumber => OperatorFault::NoMultiplier { channel },
            MultiplierFault::Shift(shift) => OperatorFault::Shift { channel, shift },
            MultiplierFault::NotSmall => OperatorFault::SumScale,
        })
    }

    /// The error for a tensor of this operator.
    pub(super) fn tensor_fault(
        &self,
        role: &'static str,
        index: usize,
        fault: TensorFault,
    ) -> ImportError {
        let operator = Some((self.index, self.operator.name));
        tensor_error(self.graph, operator, role, index, fault)
    }

    /// The error for an output whose stated shape is not the one that follows.
    pub(super) fn shape(&self, output: &Value, need: &[u32]) -> Result<(), ImportError> {
        if output.tensor.dims == need {
            return Ok(());
        }
        let (found, need) = (format!("{:?}", output.tensor.dims), format!("{need:?}"));
        Err(self.tensor_fault("output", output.index, TensorFault::Shape { found, need }))
    }

    /// How many images a tensor has, then their height, width and channels. Inside a model
    /// there may be several: a reshape makes one sample a batch, and another undoes it.
    pub(super) fn images(
        &self,
        value: &Value,
        role: &'static str,
    ) -> Result<[u32; 4], ImportError> {
        let dims = &value.tensor.dims;
        let fault = TensorFault::Rank { found: dims.len(), least: 4, most: 4 };
        dims.as_slice().try_into().map_err(|_| self.tensor_fault(role, value.index, fault))
    }

    fn tensor_at(
        &self,
        position: usize,
        role: &'static str,
    ) -> Result<(usize, &'s GraphTensor<'f>), ImportError> {
        let Some(stated) = self.operator.input(position) else {
            return Err(self.fault(OperatorFault::Missing { role }));
        };
        let index = self.checked(stated)?;
        Ok((index, &self.graph.tensors[index]))
    }

    /// A tensor index of the file that is inside the list.
    fn checked(&self, index: i32) -> Result<usize, ImportError> {
        let inside = usize::try_from(index).ok().filter(|&i| i < self.graph.tensors.len());
        inside.ok_or_else(|| self.fault(OperatorFault::NoTensor { found: index }))
    }
}
