//! Which operators of a graph matter: whose outputs are read, or that act otherwise.

use crate::graph::{CUSTOM, Graph, GraphOperator};

/// Operators that may act on more than their outputs.
const ACTING: [&str; 4] = [CUSTOM, "CALL", "IF", "WHILE"];

/// Returns for each operator whether it must run.
///
/// Operators are in running order, so that one pass from the last one finds all that is read.
pub(super) fn operators(graph: &Graph<'_>) -> Vec<bool> {
    let mut is_read = vec![false; graph.tensors.len()];
    for &index in &graph.outputs {
        is_read[index] = true;
    }
    let mut live = vec![false; graph.operators.len()];
    for (live, operator) in live.iter_mut().zip(&graph.operators).rev() {
        // One that names no tensor is refused, not left out.
        let read = |index| is_read.get(index).copied().unwrap_or(true);
        *live = acts(operator) || operator.output_indices().any(read);
        if *live {
            for index in read_by(operator) {
                if let Some(read) = is_read.get_mut(index) {
                    *read = true;
                }
            }
        }
    }
    live
}

/// Returns whether an operator does more than write its outputs.
fn acts(operator: &GraphOperator<'_>) -> bool {
    operator.outputs.is_empty() || ACTING.contains(&operator.name)
}

/// Returns the tensors whose values an operator reads.
///
/// TFLite Micro takes the shape of what RESHAPE writes from the tensor, and never looks at the
/// input that repeats it (`ReshapeOutput` in `micro/kernels/reshape_common.cc`); SHAPE is a
/// property of the tensor, not of its values.
fn read_by(operator: &GraphOperator<'_>) -> impl Iterator<Item = usize> {
    let count = match operator.name {
        "SHAPE" => 0,
        "RESHAPE" => 1,
        _ => operator.inputs.len(),
    };
    (0..count).filter_map(|position| usize::try_from(operator.input(position)?).ok())
}
