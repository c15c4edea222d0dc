//! An operator in its graph: its tensors, checked, and errors that name the place.
//!
//! A lowering reads its inputs, constants and options, says with [`Site::output`] what it writes,
//! and appends operators of the packed model with [`Site::emit`]: one, several, or none where the
//! output is another tensor ([`Site::alias`]) or a constant ([`Site::fold`]).

use core::ops::RangeInclusive;
use std::borrow::Cow;

use isokern_model::encode::{DraftOp, DraftTensor};
use isokern_model::requant::Activation;

use super::activations::{self, Activations, Known, RANK_MAX};
use super::operand::{ConstantTensor, Operand, Value};
use crate::error::{ImportError, OperatorFault, TensorFault};
use crate::graph::{Element, FromOption, Graph, GraphOperator, GraphTensor, OptionFault};
use crate::quantize::{self, Fused};

/// Integers of one constant that are read at most: axes, sizes, paddings.
const INTEGERS_MAX: usize = 1 << 12;

/// One operator while it is lowered.
#[derive(Debug)]
pub(super) struct Site<'s, 'f> {
    pub(super) graph: &'s Graph<'f>,
    pub(super) activations: &'s mut Activations,
    pub(super) index: usize,
    pub(super) operator: &'s GraphOperator<'f>,
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
    pub(super) fn arity(
        &self,
        inputs: RangeInclusive<usize>,
        outputs: RangeInclusive<usize>,
    ) -> Result<(), ImportError> {
        let found = self.input_count();
        if !inputs.contains(&found) {
            let (least, most) = inputs.into_inner();
            return Err(self.fault(OperatorFault::InputCount { found, least, most }));
        }
        let found = self.output_count();
        if !outputs.contains(&found) {
            let (least, most) = outputs.into_inner();
            return Err(self.fault(OperatorFault::OutputCount { found, least, most }));
        }
        Ok(())
    }

    /// Returns how many inputs the operator lists, those left out included.
    pub(super) const fn input_count(&self) -> usize {
        self.operator.inputs.len()
    }

    /// Returns how many outputs the operator lists.
    pub(super) const fn output_count(&self) -> usize {
        self.operator.outputs.len()
    }

    /// Returns the option with this name in the schema.
    pub(super) fn option<T: FromOption<'f>>(&self, name: &'static str) -> Result<T, ImportError> {
        let option = self.operator.options.iter().find(|option| option.name == name);
        let unread = || self.fault(OperatorFault::NoOption { name });
        match &option.ok_or_else(unread)?.value {
            Ok(value) => T::from_option(*value).ok_or_else(unread),
            Err(OptionFault::File(fault)) => Err(fault.clone().into()),
            Err(OptionFault::Operator(fault)) => Err(self.fault(fault.clone())),
        }
    }

    /// Returns the option that names the fused activation; see [`Site::activation`].
    pub(super) fn fused_activation(&self) -> Result<u8, ImportError> {
        self.option("fused_activation_function")
    }

    /// Returns the int8 activation read at `position`, which has a scale.
    pub(super) fn input(
        &mut self,
        position: usize,
        role: &'static str,
    ) -> Result<Value, ImportError> {
        let value = self.input_of(position, role, &[Element::Int8])?;
        self.quantized(&value, role)?;
        Ok(value)
    }

    /// Returns the index of the tensor read at `position`, whatever it is.
    pub(super) fn stated_input(&self, position: usize) -> Result<usize, ImportError> {
        self.checked(self.operator.input(position).unwrap_or(-1))
    }

    /// Returns the index of the tensor written at `position`, whatever it is.
    pub(super) fn stated_output(&self, position: usize) -> Result<usize, ImportError> {
        self.checked(self.operator.output(position).unwrap_or(-1))
    }

    /// Returns the activation read at `position`, of one of these types.
    pub(super) fn input_of(
        &mut self,
        position: usize,
        role: &'static str,
        elements: &[Element],
    ) -> Result<Value, ImportError> {
        match self.operand(position, role, elements)? {
            Operand::Value(value) => Ok(value),
            Operand::Constant(constant) => self.copied(role, &constant),
        }
    }

    /// Returns the activation or constant read at `position`, of one of these types.
    pub(super) fn operand(
        &self,
        position: usize,
        role: &'static str,
        elements: &[Element],
    ) -> Result<Operand<'s>, ImportError> {
        let (index, tensor) = self.tensor_at(position, role)?;
        let fault = |fault| self.tensor_fault(role, index, fault);
        if tensor.data.is_some() || matches!(self.activations.known(index), Known::Constant(_)) {
            return self.constant_of(position, role, elements).map(Operand::Constant);
        }
        let written = self.activations.written(index);
        let (place, written) = written.ok_or_else(|| fault(TensorFault::NotWritten))?;
        activations::has_element(tensor.element, elements).map_err(fault)?;
        Ok(Operand::Value(Value { place, index, tensor: written.clone() }))
    }

    /// Returns the constant at `position`, in the file or folded. Its element type and the length
    /// of its data are not checked.
    pub(super) fn constant(
        &self,
        position: usize,
        role: &'static str,
    ) -> Result<ConstantTensor<'s>, ImportError> {
        let (index, tensor) = self.tensor_at(position, role)?;
        let fault = |fault| self.tensor_fault(role, index, fault);
        let data = match (tensor.data, self.activations.known(index)) {
            (Some(data), _) => Cow::Borrowed(data),
            (None, Known::Constant(data)) => Cow::Owned(data.to_vec()),
            (None, Known::Nothing) if tensor.sizes().any(|size| size == 0) => {
                Cow::Borrowed(&[][..])
            }
            (None, Known::Nothing | Known::Activation(_) | Known::Variable(_) | Known::Refused) => {
                return Err(fault(TensorFault::NotConstant));
            }
        };
        if tensor.is_sparse {
            return Err(fault(TensorFault::Sparse));
        }
        let found = tensor.shape.len();
        if found > RANK_MAX {
            return Err(fault(TensorFault::Rank { found, least: 0, most: RANK_MAX }));
        }
        let dims: Result<Vec<u32>, _> = tensor.sizes().map(u32::try_from).collect();
        let dims = dims.map_err(|_| {
            let found = format!("{:?}", tensor.sizes().collect::<Vec<_>>());
            fault(TensorFault::Dims { found })
        })?;
        let (element, quantization) = (tensor.element, &tensor.quantization);
        Ok(ConstantTensor { index, dims, element, quantization, data })
    }

    /// Returns the constant at `position`, of one of these types and as long as its shape says.
    pub(super) fn constant_of(
        &self,
        position: usize,
        role: &'static str,
        elements: &[Element],
    ) -> Result<ConstantTensor<'s>, ImportError> {
        let constant = self.constant(position, role)?;
        let fault = |fault| self.tensor_fault(role, constant.index, fault);
        activations::has_element(constant.element, elements).map_err(fault)?;
        let size = constant.element.size_bytes();
        let (found, need) = (constant.data.len(), constant.len().saturating_mul(size));
        if found != need {
            return Err(fault(TensorFault::DataLength { found, need }));
        }
        Ok(constant)
    }

    /// Returns the constant integers at `position`, of type INT32 or INT64: axes, sizes, paddings.
    pub(super) fn integers(
        &self,
        position: usize,
        role: &'static str,
    ) -> Result<Vec<i64>, ImportError> {
        let constant = self.constant_of(position, role, &[Element::Int32, Element::Int64])?;
        if constant.len() > INTEGERS_MAX {
            return Err(self.tensor_fault(role, constant.index, TensorFault::TooLarge));
        }
        Ok(constant.integers().unwrap_or_default())
    }

    /// Returns the only constant integer at `position`.
    pub(super) fn integer(&self, position: usize, role: &'static str) -> Result<i64, ImportError> {
        let constant = self.constant_of(position, role, &[Element::Int32, Element::Int64])?;
        let one = || constant.integers()?.as_array().map(|&[value]| value);
        one().ok_or_else(|| {
            let size = constant.element.size_bytes();
            let fault = TensorFault::DataLength { found: constant.data.len(), need: size };
            self.tensor_fault(role, constant.index, fault)
        })
    }

    /// Returns a dimension of a tensor of `rank` dimensions; negative ones count from the end.
    pub(super) fn axis(
        &self,
        field: &'static str,
        found: i64,
        rank: usize,
    ) -> Result<usize, ImportError> {
        let rank = rank as i64;
        let place = if found < 0 { found.saturating_add(rank) } else { found };
        if !(0..rank).contains(&place) {
            let (least, most) = (-rank, rank - 1);
            return Err(self.fault(OperatorFault::Option { field, found, least, most }));
        }
        Ok(place as usize)
    }

    /// Returns whether there is an input at `position` and it is not left out.
    pub(super) fn has_input(&self, position: usize) -> bool {
        self.operator.input(position).is_some()
    }

    /// Checks that an activation has a scale and a zero point.
    pub(super) fn quantized(&self, value: &Value, role: &'static str) -> Result<(), ImportError> {
        let tensor = &self.graph.tensors[value.index];
        activations::quantized(tensor).map_err(|fault| self.tensor_fault(role, value.index, fault))
    }

    /// Returns the element type of an activation, as the file states it.
    pub(super) fn element(&self, value: &Value) -> Element {
        self.graph.tensors[value.index].element
    }

    /// Counts weights that are about to be copied, and refuses a file that lends the same
    /// ones to operator after operator until memory is full. Other constants count when they are
    /// emitted.
    pub(super) fn count_weights(&mut self, bytes: usize) -> Result<(), ImportError> {
        Ok(self.activations.count_constants(bytes)?)
    }

    /// Appends an operator of the packed model.
    pub(super) fn emit(&mut self, op: DraftOp) {
        self.activations.emit(op);
    }

    /// Returns the range of the output that the fused activation leaves.
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

    /// Returns how many images a tensor has, then their height, width and channels. Inside a model
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

    /// Returns a tensor index of the file that is inside the list.
    pub(super) fn checked(&self, index: i32) -> Result<usize, ImportError> {
        let inside = usize::try_from(index).ok().filter(|&i| i < self.graph.tensors.len());
        inside.ok_or_else(|| self.fault(OperatorFault::NoTensor { found: index }))
    }
}
