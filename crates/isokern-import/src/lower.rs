//! From a TFLite graph to the description of a packed model.
//!
//! The order of the operators stays. Each file below this one lowers one family of
//! operators; [`site`] is what they have in common, an operator in its graph.

mod add;
mod average_pool_2d;
mod conv_2d;
mod dot;
mod fully_connected;
mod reshape;
mod site;
mod softmax;
mod window;

use isokern_model::OpKind;
use isokern_model::encode::{Draft, DraftOp, DraftPort};

use crate::error::{GraphFault, ImportError};
use crate::graph::Graph;
use site::{Activations, Site};

/// Lowers a graph; calls `lowered` after each operator with its index and kind.
pub(crate) fn lower(
    graph: &Graph<'_>,
    source_sha256: [u8; 32],
    mut lowered: impl FnMut(usize, OpKind),
) -> Result<Draft, ImportError> {
    if graph.input == graph.output {
        return Err(GraphFault::OutputIsInput.into());
    }
    let mut activations = Activations::new(graph)?;
    let mut ops = Vec::with_capacity(graph.operators.len());
    for (index, operator) in graph.operators.iter().enumerate() {
        let mut site = Site::new(graph, &mut activations, index, operator);
        ops.push(lower_operator(&mut site)?);
        lowered(index, operator.kind);
    }
    let output = activations.output(graph)?;
    let name = |index: usize| String::from_utf8_lossy(graph.tensors[index].name).into_owned();
    let inputs = vec![DraftPort { tensor: 0, name: name(graph.input) }];
    let outputs = vec![DraftPort { tensor: output, name: name(graph.output) }];
    let tensors = activations.tensors();
    Ok(Draft { tensors, ops, inputs, outputs, state: Vec::new(), source_sha256 })
}

fn lower_operator(site: &mut Site<'_, '_>) -> Result<DraftOp, ImportError> {
    match site.kind() {
        OpKind::Conv2d => conv_2d::conv2d(site),
        OpKind::DepthwiseConv2d => conv_2d::depthwise(site),
        OpKind::FullyConnected => fully_connected::lower(site),
        OpKind::Add => add::lower(site),
        OpKind::Pool => average_pool_2d::lower(site),
        OpKind::Reshape => reshape::lower(site),
        OpKind::Softmax => softmax::lower(site),
    }
}

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
