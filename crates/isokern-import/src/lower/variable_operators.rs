//! Lowers VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE: what lasts from run to run.
//!
//! A variable is read in place. Only where it is assigned before the last operator that reads
//! what it held, that is copied first.

use super::activations::{Activations, Known, has_element};
use super::collected::Collected;
use super::copies;
use super::operand::Operand;
use super::site::Site;
use super::variables::Memory;
use crate::error::{ImportError, OperatorFault, TensorFault};
use crate::graph::{Element, INIT_SUBGRAPH};

const ROLE: &str = "variable";
const VALUE: &str = "value";

/// Lowers VAR_HANDLE, which names a variable.
pub(super) fn handle(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(0..=0, 1..=1)?;
    let number = site.activations.variables.find(site.operator);
    let number = number.ok_or_else(|| site.fault(OperatorFault::Unassigned))?;
    site.name_variable(0, number)
}

/// Lowers READ_VARIABLE.
pub(super) fn read(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(1..=1, 1..=1)?;
    let (_, memory) = variable(site)?;
    if site.activations.is_called {
        return site.fold(0, memory.first.to_vec());
    }
    site.activations.variables.is_used = true;
    site.alias(0, memory.place)?;
    Ok(())
}

/// Lowers ASSIGN_VARIABLE.
pub(super) fn assign(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(2..=2, 0..=0)?;
    let (number, memory) = variable(site)?;
    let stated = site.operator.input(1);
    let stated = stated.ok_or_else(|| site.fault(OperatorFault::Missing { role: VALUE }))?;
    let index = site.checked(stated)?;
    let element = site.graph.tensors[index].element;
    let operand = site.operand(1, VALUE, &[element])?;
    let fault = |fault| site.tensor_fault(VALUE, index, fault);
    let (dtype, need) = (memory.tensor.dtype, memory.tensor.bytes());
    let found = match &operand {
        Operand::Value(value) => value.tensor.bytes(),
        Operand::Constant(constant) => constant.data.len(),
    };
    if element.dtype() != Some(dtype) || found != need {
        return Err(fault(TensorFault::Variable { found, need }));
    }
    if site.activations.is_called {
        let Operand::Constant(constant) = operand else {
            return Err(fault(TensorFault::NotConstant));
        };
        site.activations.variables.set_first(number, constant.data.into());
        return Ok(());
    }
    site.activations.variables.is_used = true;
    let op = match operand {
        Operand::Value(value) if value.place == memory.place => return Ok(()),
        Operand::Value(value) => copies::op(value.place, memory.place),
        Operand::Constant(constant) => {
            copies::constant_op(&memory.tensor, constant.data.into_owned(), memory.place)
                .map_err(|fault| site.tensor_fault(VALUE, index, fault))?
        }
    };
    site.activations.keep(site.graph, site.index, &memory);
    site.emit(op);
    Ok(())
}

/// Lowers CALL_ONCE: what the graph that it runs assigns is what the variables hold at first.
pub(super) fn call_once(site: &mut Site<'_, '_>) -> Result<(), ImportError> {
    site.arity(0..=0, 0..=0)?;
    let number: i32 = site.option(INIT_SUBGRAPH)?;
    let is_it = |number_of: usize| i32::try_from(number_of) == Ok(number);
    let graph = site.graph.called.iter().find(|(found, _)| is_it(*found));
    let Some((number, graph)) = graph else {
        return Err(site.fault(OperatorFault::NoGraph { found: number }));
    };
    if site.activations.variables.is_used {
        return Err(site.fault(OperatorFault::CalledLate));
    }
    let mut called = Activations::called(graph);
    core::mem::swap(&mut called.variables, &mut site.activations.variables);
    let mut collected = Collected::default();
    let result = super::lower_operators(graph, &mut called, &mut collected, &mut |_, _| ());
    core::mem::swap(&mut called.variables, &mut site.activations.variables);
    result.and_then(|_| collected.finish()).map_err(|error| error.in_called_graph(*number))?;
    if called.has_ops() {
        return Err(site.fault(OperatorFault::CalledComputes { graph: *number }));
    }
    Ok(())
}

/// Returns the number of the variable that input 0 names, and its memory.
fn variable(site: &Site<'_, '_>) -> Result<(usize, Memory), ImportError> {
    let stated = site.operator.input(0);
    let stated = stated.ok_or_else(|| site.fault(OperatorFault::Missing { role: ROLE }))?;
    let index = site.checked(stated)?;
    let &Known::Variable(number) = site.activations.known(index) else {
        let fault = has_element(site.graph.tensors[index].element, &[Element::Resource]);
        let fault = fault.err().unwrap_or(TensorFault::NotWritten);
        return Err(site.tensor_fault(ROLE, index, fault));
    };
    let memory = site.activations.variables.memory(number);
    Ok((number, memory.ok_or_else(|| site.fault(OperatorFault::Unassigned))?.clone()))
}
