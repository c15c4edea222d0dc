//! Copies of whole tensors, which cost nothing where the plan puts both in one place.

use isokern_model::Region;
use isokern_model::encode::{DraftMove, DraftOp, DraftTensor};
use isokern_model::operators::HasKind;
use isokern_model::operators::reshape::Reshape;

use super::activations::{Activations, Known};
use super::variables::Memory;
use crate::error::TensorFault;
use crate::graph::{Graph, GraphOperator};

/// Returns the operator that gives one tensor the bytes of another, which has as many.
pub(super) fn op(from: u16, to: u16) -> DraftOp {
    DraftOp::new::<Reshape>(&[], &[from], &[to])
}

/// Returns whether an operator is such a copy.
pub(super) fn is_copy(op: &DraftOp) -> bool {
    op.kind == Reshape::KIND
}

/// Returns the operator that gives the tensor at `place` the values of a constant.
pub(super) fn constant_op(
    tensor: &DraftTensor,
    data: Vec<u8>,
    place: u16,
) -> Result<DraftOp, TensorFault> {
    let (found, need) = (data.len(), tensor.bytes());
    if found != need {
        return Err(TensorFault::DataLength { found, need });
    }
    let len = u32::try_from(tensor.len()).map_err(|_| TensorFault::TooLarge)?;
    // One piece of one dimension, which every move has room for.
    let op = DraftMove::copy(len).with_data(data).op(&[], place);
    op.map_err(|_| TensorFault::TooLarge)
}

impl Activations {
    /// Emits a copy of the tensor at `place` as another one; returns the place of that.
    pub(super) fn copy_to_arena(&mut self, place: u16, tensor: &DraftTensor) -> u16 {
        let tensor = DraftTensor { region: Region::Arena, offset: 0, ..tensor.clone() };
        let copy = self.temporary(tensor);
        self.emit(op(place, copy));
        copy
    }

    /// Emits the move of a constant to a tensor; returns the place of that.
    pub(super) fn constant(
        &mut self,
        tensor: DraftTensor,
        data: Vec<u8>,
    ) -> Result<u16, TensorFault> {
        let place = self.temporary(tensor.clone());
        self.emit(constant_op(&tensor, data, place)?);
        Ok(place)
    }

    /// Copies what a variable holds to the arena, for operators after this one of the graph that
    /// read it, before another value is assigned.
    pub(super) fn keep(&mut self, graph: &Graph<'_>, operator: usize, variable: &Memory) {
        let later = graph.operators.get(operator + 1..).unwrap_or_default();
        let is_read = |index: &usize| {
            let reads = |operator: &GraphOperator<'_>| operator.reads(*index);
            graph.outputs.contains(index) || later.iter().any(reads)
        };
        let place_of = |index: usize| self.written(index).map(|(place, _)| place);
        let is_it = |index: &usize| place_of(*index) == Some(variable.place);
        let names: Vec<usize> = (0..graph.tensors.len()).filter(is_it).filter(is_read).collect();
        if names.is_empty() {
            return;
        }
        let copy = self.copy_to_arena(variable.place, &variable.tensor);
        for index in names {
            self.set(index, Known::Activation(copy));
        }
    }
}
