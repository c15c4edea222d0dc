//! The variables of a model: tensors of the state, and what they hold at first.
//!
//! A new interpreter of TFLite Micro gives a variable its memory where the first ASSIGN_VARIABLE is
//! prepared, graph by graph, and writes the zero point of what that assigns into every byte of it
//! (`micro/micro_resource_variable.cc`). CALL_ONCE then runs before all else, and what it assigns
//! is what the variable holds at first.

use core::iter::once;
use std::collections::HashMap;
use std::rc::Rc;

use isokern_model::Region;
use isokern_model::encode::DraftTensor;
use isokern_model::header::ARENA_BYTES_MAX;

use super::activations::{Activations, activation};
use crate::error::GraphFault;
use crate::graph::{CONTAINER, FromOption, Graph, GraphOperator, GraphTensor, SHARED_NAME};

/// Boundary of every variable: what vector loads want.
const ALIGN: usize = 16;

/// All variables of a file.
#[derive(Debug, Default)]
pub(super) struct Variables {
    all: Vec<Variable>,
    state_bytes: usize,
    /// Whether an operator of the first graph has used one.
    pub(super) is_used: bool,
}

/// A variable.
#[derive(Debug)]
struct Variable {
    container: Vec<u8>,
    name: Vec<u8>,
    memory: Option<Memory>,
}

/// The memory of a variable.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    /// The place of its tensor in the draft.
    pub(super) place: u16,
    pub(super) tensor: DraftTensor,
    /// What it holds at first.
    pub(super) first: Rc<[u8]>,
}

impl Variables {
    /// Returns the variables of a graph and of those it calls, in the order in which VAR_HANDLEs
    /// name them.
    ///
    /// Only those that something assigns have memory. What is wrong with the operators is reported
    /// where they are lowered.
    pub(super) fn of(graph: &Graph<'_>, activations: &mut Activations) -> Result<Self, GraphFault> {
        let mut variables = Self::default();
        let mut assigned = HashMap::new();
        let called = graph.called.iter().map(|(_, called)| called);
        for graph in once(graph).chain(called) {
            let mut handles = HashMap::new();
            for operator in &graph.operators {
                if operator.name == "VAR_HANDLE" {
                    handles.insert(operator.output(0), variables.number(operator));
                } else if operator.name == "ASSIGN_VARIABLE" {
                    let source = operator.input(1).and_then(|index| usize::try_from(index).ok());
                    let source = source.and_then(|index| graph.tensors.get(index));
                    let number = handles.get(&operator.input(0)).copied();
                    if let (Some(number), Some(source)) = (number, source) {
                        assigned.entry(number).or_insert(source);
                    }
                }
            }
        }
        for number in 0..variables.all.len() {
            if let Some(source) = assigned.get(&number) {
                variables.allocate(number, source, activations)?;
            }
        }
        Ok(variables)
    }

    /// Returns the number of the variable that a VAR_HANDLE names, if it was declared.
    ///
    /// TFLite Micro compares the containers only where the operator has one.
    pub(super) fn find(&self, operator: &GraphOperator<'_>) -> Option<usize> {
        let (container, name) = names(operator);
        let is = |variable: &Variable| {
            (container.is_empty() || variable.container == container) && variable.name == name
        };
        self.all.iter().position(is)
    }

    /// Returns the memory of a variable, if something assigns it.
    pub(super) fn memory(&self, number: usize) -> Option<&Memory> {
        self.all.get(number)?.memory.as_ref()
    }

    /// Sets what a variable holds at first.
    pub(super) fn set_first(&mut self, number: usize, first: Rc<[u8]>) {
        let variable = self.all.get_mut(number);
        if let Some(memory) = variable.and_then(|variable| variable.memory.as_mut()) {
            memory.first = first;
        }
    }

    /// Returns what the state holds at first.
    pub(super) fn state(&self) -> Vec<u8> {
        let mut state = vec![0; self.state_bytes];
        for Memory { tensor, first, .. } in self.all.iter().filter_map(|one| one.memory.as_ref()) {
            let start = tensor.offset as usize;
            if let Some(place) = state.get_mut(start..start + first.len()) {
                place.copy_from_slice(first);
            }
        }
        state
    }

    fn number(&mut self, operator: &GraphOperator<'_>) -> usize {
        self.find(operator).unwrap_or_else(|| {
            let (container, name) = names(operator);
            let (container, name) = (container.to_vec(), name.to_vec());
            self.all.push(Variable { container, name, memory: None });
            self.all.len() - 1
        })
    }

    fn allocate(
        &mut self,
        number: usize,
        source: &GraphTensor<'_>,
        activations: &mut Activations,
    ) -> Result<(), GraphFault> {
        let Ok(tensor) = activation(source, &[source.element]) else { return Ok(()) };
        let offset = self.state_bytes.next_multiple_of(ALIGN);
        self.state_bytes = offset + tensor.bytes();
        let (found, max) = (self.state_bytes, ARENA_BYTES_MAX);
        if found > max {
            return Err(GraphFault::State { found, max });
        }
        activations.count_constants(tensor.bytes())?;
        // Below 2^28.
        let tensor = DraftTensor { region: Region::State, offset: offset as u32, ..tensor };
        let place = activations.temporary(tensor.clone());
        // TFLite Micro takes the least byte as well.
        let zero_point = source.quantization.zero_point_values().next().unwrap_or(0) as u8;
        let first = if source.quantization.scales.is_empty() { 0 } else { zero_point };
        self.all[number].memory =
            Some(Memory { place, first: vec![first; tensor.bytes()].into(), tensor });
        Ok(())
    }
}

/// Returns the container and the name that a VAR_HANDLE has.
fn names<'f>(operator: &GraphOperator<'f>) -> (&'f [u8], &'f [u8]) {
    let text = |name| operator.option(name).and_then(<&[u8]>::from_option).unwrap_or(&[]);
    (text(CONTAINER), text(SHARED_NAME))
}
