//! From a TFLite graph to the description of a packed model.
//!
//! Each TFLite operator is lowered by the file of its name. To add one that lowers to kinds that
//! the packed model has, write its file, declare it here and add its row to the table: what is
//! read, what messages list and what is called follow from the rows. Only one with options needs
//! more: their table in the schema.
//!
//! The order of the operators stays. [`site`] is what all files have in common, an operator in
//! its graph.

mod activations;
mod add;
mod average_pool_2d;
mod conv_2d;
mod convolution;
mod depthwise_conv_2d;
mod dot;
mod expand_dims;
mod fully_connected;
mod logistic;
mod reshape;
mod site;
mod softmax;
mod squeeze;
mod window;

use isokern_model::encode::{Draft, DraftOp, DraftPort};

use crate::error::{GraphFault, ImportError, UnsupportedOperator};
use crate::graph::Graph;
use activations::Activations;
use site::Site;

/// Every TFLite operator that is lowered: its name in the schema, and the function of its file.
const OPERATORS: &[(&str, Lower)] = &[
    ("CONV_2D", conv_2d::lower),
    ("DEPTHWISE_CONV_2D", depthwise_conv_2d::lower),
    ("FULLY_CONNECTED", fully_connected::lower),
    ("ADD", add::lower),
    ("AVERAGE_POOL_2D", average_pool_2d::lower),
    ("RESHAPE", reshape::lower),
    ("EXPAND_DIMS", expand_dims::lower),
    ("SQUEEZE", squeeze::lower),
    ("SOFTMAX", softmax::lower),
    ("LOGISTIC", logistic::lower),
];

/// Lowers one operator.
type Lower = fn(&mut Site<'_, '_>) -> Result<DraftOp, ImportError>;

/// Lowers a graph; calls `lowered` after each operator with its index and name.
pub(crate) fn lower(
    graph: &Graph<'_>,
    source_sha256: [u8; 32],
    mut lowered: impl FnMut(usize, &'static str),
) -> Result<Draft, ImportError> {
    if graph.input == graph.output {
        return Err(GraphFault::OutputIsInput.into());
    }
    let mut activations = Activations::new(graph)?;
    let mut ops = Vec::with_capacity(graph.operators.len());
    for (index, operator) in graph.operators.iter().enumerate() {
        let name = operator.name;
        let unknown = || unsupported(vec![UnsupportedOperator { index, name: name.to_owned() }]);
        let lower = function(name).ok_or_else(unknown)?;
        ops.push(lower(&mut Site::new(graph, &mut activations, index, operator))?);
        lowered(index, name);
    }
    let output = activations.output(graph)?;
    let name = |index: usize| String::from_utf8_lossy(graph.tensors[index].name).into_owned();
    let inputs = vec![DraftPort { tensor: 0, name: name(graph.input) }];
    let outputs = vec![DraftPort { tensor: output, name: name(graph.output) }];
    let tensors = activations.tensors();
    Ok(Draft { tensors, ops, inputs, outputs, state: Vec::new(), source_sha256 })
}

/// Returns whether an operator of this name is lowered.
pub(crate) fn is_supported(name: &str) -> bool {
    function(name).is_some()
}

/// Returns the error for operators without a row.
pub(crate) fn unsupported(operators: Vec<UnsupportedOperator>) -> ImportError {
    ImportError::Unsupported { operators, supported: names().collect() }
}

/// Returns the names of all rows.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|&(name, _)| name)
}

fn function(name: &str) -> Option<Lower> {
    OPERATORS.iter().find(|(row, _)| *row == name).map(|&(_, lower)| lower)
}

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
