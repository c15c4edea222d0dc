//! Outputs that are an input under another shape: of any type, constants included.

use super::activations;
use super::operand::Operand;
use super::site::Site;
use crate::error::{ImportError, OperatorFault};
use crate::graph::Element;

/// What an operator shows under another shape.
#[derive(Debug)]
pub(super) struct Reshaped<'s> {
    operand: Operand<'s>,
    /// Its sizes.
    pub(super) dims: Vec<u32>,
}

impl<'s> Site<'s, '_> {
    /// Returns input 0, of the type of output 0.
    pub(super) fn reshaped(&self) -> Result<Reshaped<'s>, ImportError> {
        let element = self.output_element(0)?;
        let operand = self.operand(0, "input", &[element])?;
        let dims = match &operand {
            Operand::Value(value) => value.tensor.dims.clone(),
            Operand::Constant(constant) => constant.dims.clone(),
        };
        Ok(Reshaped { operand, dims })
    }

    /// Returns the type of the output at `position`, as the file states it.
    pub(super) fn output_element(&self, position: usize) -> Result<Element, ImportError> {
        let index = self.stated_output(position)?;
        Ok(self.graph.tensors[index].element)
    }

    /// Returns the sizes of output 0, as the file states them.
    pub(super) fn output_dims(&self) -> Result<Vec<u32>, ImportError> {
        let index = self.stated_output(0)?;
        let dims = activations::dims(&self.graph.tensors[index], 0, activations::RANK_MAX);
        dims.map_err(|fault| self.tensor_fault("output", index, fault))
    }
}

impl Reshaped<'_> {
    /// Writes output 0, which must have these sizes.
    pub(super) fn write(self, site: &mut Site<'_, '_>, need: &[u32]) -> Result<(), ImportError> {
        let (input, output) = (activations::elements(&self.dims), activations::elements(need));
        if input != output {
            return Err(site.fault(OperatorFault::ReshapeLength { input, output }));
        }
        let element = site.output_element(0)?;
        match self.operand {
            Operand::Value(value) => {
                let output = site.output_of(0, &[element])?;
                site.shape(&output, need)?;
                site.same_bytes(value.place, &output);
                Ok(())
            }
            Operand::Constant(constant) => {
                site.fold_as(0, (element, need), constant.data.into_owned())
            }
        }
    }
}
