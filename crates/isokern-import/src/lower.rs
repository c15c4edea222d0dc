//! From a TFLite graph to the description of a packed model.
//!
//! Each TFLite operator is lowered by the file of its name. To add one that lowers to kinds that
//! the packed model has, write its file, declare it here and add its row to the table: what is
//! read, what messages list and what is called follow from the rows. Only one with options needs
//! more: their table in the schema.
//!
//! The order of the operators stays. [`site`] is what all files have in common, an operator in
//! its graph.

#![allow(dead_code, reason = "operators that need the rest of the interface follow")]

mod abs;
mod activations;
mod add;
mod add_n;
mod arg_max_min;
mod assigned_in_place;
mod axes;
mod batch_space;
mod broadcast;
mod broadcast_to;
mod byte_table;
mod collected;
mod comparisons;
mod concatenation;
mod conv_2d;
mod conversions;
mod convolution;
mod copies;
mod depth_space;
mod depthwise_conv_2d;
mod dot;
mod elu;
mod expand_dims;
mod faults;
mod fill;
mod fully_connected;
mod gather;
mod gathered;
mod hard_swish;
mod integers;
mod leaky_relu;
mod live;
mod logical;
mod logistic;
mod maximum_minimum;
mod mean_sum;
mod mirror_pad;
mod moved;
mod mul;
mod operand;
mod outputs;
mod pack;
mod pad;
mod pool_2d;
mod prelu;
mod q4_27;
mod reduce_max_min_all;
mod relu;
mod reshape;
mod reshaped;
mod resize_nearest_neighbor;
mod reverse_v2;
mod rsqrt;
mod select;
mod site;
mod slice;
mod softmax;
mod split;
mod squared_difference;
mod squeeze;
mod strided_slice;
mod sub;
mod tanh;
mod transpose;
mod variable_operators;
mod variables;
mod window;

use isokern_model::encode::{Draft, DraftPort};

use crate::error::{GraphFault, ImportError, UnsupportedOperator};
use crate::graph::{CALL_ONCE, Graph};
use activations::Activations;
use collected::Collected;
use site::Site;

/// Every TFLite operator that is lowered: its name in the schema, and the function of its file.
const OPERATORS: &[(&str, Lower)] = &[
    ("CONV_2D", conv_2d::lower),
    ("DEPTHWISE_CONV_2D", depthwise_conv_2d::lower),
    ("FULLY_CONNECTED", fully_connected::lower),
    ("ADD", add::lower),
    ("AVERAGE_POOL_2D", pool_2d::lower_average),
    ("MAX_POOL_2D", pool_2d::lower_max),
    ("RESHAPE", reshape::lower),
    ("EXPAND_DIMS", expand_dims::lower),
    ("SQUEEZE", squeeze::lower),
    ("SOFTMAX", softmax::lower),
    ("LOGISTIC", logistic::lower),
    ("SUB", sub::lower),
    ("MUL", mul::lower),
    ("SQUARED_DIFFERENCE", squared_difference::lower),
    ("PRELU", prelu::lower),
    ("MAXIMUM", maximum_minimum::maximum),
    ("MINIMUM", maximum_minimum::minimum),
    ("EQUAL", comparisons::equal),
    ("NOT_EQUAL", comparisons::not_equal),
    ("GREATER", comparisons::greater),
    ("GREATER_EQUAL", comparisons::greater_equal),
    ("LESS", comparisons::less),
    ("LESS_EQUAL", comparisons::less_equal),
    ("LOGICAL_AND", logical::and),
    ("LOGICAL_OR", logical::or),
    ("LOGICAL_NOT", logical::not),
    ("MEAN", mean_sum::mean),
    ("SUM", mean_sum::sum),
    ("REDUCE_MAX", reduce_max_min_all::max),
    ("REDUCE_MIN", reduce_max_min_all::min),
    ("REDUCE_ALL", reduce_max_min_all::all),
    ("ARG_MAX", arg_max_min::max),
    ("ARG_MIN", arg_max_min::min),
    ("SELECT_V2", select::lower),
    ("ADD_N", add_n::lower),
    ("TANH", tanh::lower),
    ("HARD_SWISH", hard_swish::lower),
    ("RELU", relu::lower),
    ("RELU6", relu::lower_6),
    ("LEAKY_RELU", leaky_relu::lower),
    ("ELU", elu::lower),
    ("ABS", abs::lower),
    ("RSQRT", rsqrt::lower),
    ("QUANTIZE", conversions::lower_quantize),
    ("DEQUANTIZE", conversions::lower_dequantize),
    ("CAST", conversions::lower_cast),
    ("CONCATENATION", concatenation::lower),
    ("SPLIT", split::lower),
    ("SPLIT_V", split::lower_v),
    ("SLICE", slice::lower),
    ("STRIDED_SLICE", strided_slice::lower),
    ("PAD", pad::lower),
    ("PADV2", pad::lower),
    ("MIRROR_PAD", mirror_pad::lower),
    ("TRANSPOSE", transpose::lower),
    ("PACK", pack::lower),
    ("UNPACK", pack::lower_unpack),
    ("BROADCAST_TO", broadcast_to::lower),
    ("BROADCAST_ARGS", broadcast_to::lower_args),
    ("SPACE_TO_DEPTH", depth_space::lower_to_depth),
    ("DEPTH_TO_SPACE", depth_space::lower_to_space),
    ("REVERSE_V2", reverse_v2::lower),
    ("FILL", fill::lower),
    ("ZEROS_LIKE", fill::lower_zeros),
    ("SPACE_TO_BATCH_ND", batch_space::lower_to_batch),
    ("BATCH_TO_SPACE_ND", batch_space::lower_to_space),
    ("GATHER", gather::lower),
    ("GATHER_ND", gather::lower_nd),
    ("EMBEDDING_LOOKUP", gather::lower_embedding),
    ("RESIZE_NEAREST_NEIGHBOR", resize_nearest_neighbor::lower),
    ("SHAPE", integers::shape),
    ("VAR_HANDLE", variable_operators::handle),
    ("READ_VARIABLE", variable_operators::read),
    ("ASSIGN_VARIABLE", variable_operators::assign),
    (CALL_ONCE, variable_operators::call_once),
];

/// Lowers one operator to those that it emits.
type Lower = fn(&mut Site<'_, '_>) -> Result<(), ImportError>;

/// A graph as a packed model, and what became of its operators.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) draft: Draft,
    /// How many operators of the file nobody needs.
    pub(crate) unused_operator_count: usize,
}

/// Bytes of the name of an input or output that are read; more do not fit a packed model.
const PORT_NAME_MAX: usize = 256;

/// Lowers a graph; calls `lowered` after each operator with its index and name.
///
/// A refused operator does not end it: what that one writes is taken to be what the file says, and
/// the error has everything that is wrong.
pub(crate) fn lower(
    graph: &Graph<'_>,
    source_sha256: [u8; 32],
    mut lowered: impl FnMut(usize, &'static str),
) -> Result<Lowered, ImportError> {
    let repeated = graph.inputs.iter().enumerate();
    let repeated = repeated.skip(1).find(|(at, index)| graph.inputs[..*at].contains(index));
    if let Some((_, &index)) = repeated {
        return Err(GraphFault::RepeatedInput { index }.into());
    }
    let mut collected = Collected::default();
    let mut activations = Activations::new(graph, &mut collected)?;
    let unused_operator_count =
        lower_operators(graph, &mut activations, &mut collected, &mut lowered)?;
    let mut outputs = Vec::with_capacity(graph.outputs.len());
    for &index in &graph.outputs {
        match activations.output(graph, index) {
            Ok(place) => outputs.push(port(graph, place, index)),
            Err(fault) => collected.fault(fault, &activations),
        }
    }
    collected.finish()?;
    // The inputs were the first activations.
    let inputs = (0..).zip(&graph.inputs).map(|(place, &index)| port(graph, place, index));
    let inputs = inputs.collect();
    let (tensors, ops, state) = activations.finish();
    let mut draft = Draft { tensors, ops, inputs, outputs, state, source_sha256 };
    assigned_in_place::run(&mut draft);
    Ok(Lowered { draft, unused_operator_count })
}

/// Lowers the operators of a graph that something needs; returns how many others there are.
fn lower_operators(
    graph: &Graph<'_>,
    activations: &mut Activations,
    collected: &mut Collected,
    lowered: &mut impl FnMut(usize, &'static str),
) -> Result<usize, ImportError> {
    let live = live::operators(graph);
    for ((index, operator), &is_live) in graph.operators.iter().enumerate().zip(&live) {
        if is_live {
            let result = match function(operator.name) {
                Some(lower) => lower(&mut Site::new(graph, activations, index, operator)),
                None => {
                    collected.unsupported(index, operator.display_name());
                    activations.presume(graph, operator);
                    Ok(())
                }
            };
            if let Err(fault) = result {
                collected.fault(fault, activations);
                activations.presume(graph, operator);
            }
            activations.constants_fit()?;
        }
        lowered(index, operator.name);
    }
    Ok(live.iter().filter(|&&is_live| !is_live).count())
}

/// Returns an input or output of the graph, with the start of its name.
fn port(graph: &Graph<'_>, tensor: u16, index: usize) -> DraftPort {
    let name = graph.tensors[index].name;
    let name = name.get(..PORT_NAME_MAX).unwrap_or(name);
    DraftPort { tensor, name: String::from_utf8_lossy(name).into_owned() }
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
mod function_refusals;
#[cfg(test)]
mod graph_tests;
#[cfg(test)]
mod move_tests;
#[cfg(test)]
mod pair_tests;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod variable_tests;
