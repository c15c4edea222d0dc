//! Tests of what the lowering refuses: one change to a good file, one message.

use std::path::Path;

use crate::flatbuffer::Table;
use crate::graph::{Element, Graph, GraphTensor, OptionValue};
use crate::schema::{element, model, operator, options_table, sub_graph};
use crate::{lower, tflite};

pub(super) const ONE: [u8; 4] = [1, 0, 0, 0];
pub(super) const TWO: [u8; 4] = [2, 0, 0, 0];

pub(super) fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models/models");
    std::fs::read(folder.join(format!("{name}.tflite"))).expect("the model is in the repository")
}

fn message(graph: &Graph<'_>) -> String {
    let error = lower::lower(graph, [0; 32], |_, _| ()).expect_err("the change is refused");
    error.to_string()
}

/// Returns the message after one change to the graph.
pub(super) fn changed(name: &str, change: impl FnOnce(&mut Graph<'_>)) -> String {
    let file = file(name);
    let mut graph = tflite::read(&file).expect("the file is readable");
    change(&mut graph);
    message(&graph)
}

/// Returns the table of the first operator of a name.
fn operator_table<'f>(file: &'f [u8], operator: &str) -> Table<'f> {
    let graph = tflite::read(file).expect("the file is readable");
    let index = graph.operators.iter().position(|row| row.name == operator);
    let root = Table::root(file, model::TABLE).expect("a root");
    let graphs = root.tables(model::SUBGRAPHS, sub_graph::TABLE).expect("graphs");
    let graph = graphs.at(0).expect("a graph");
    let operators = graph.tables(sub_graph::OPERATORS, operator::TABLE).expect("operators");
    operators.at(index.expect("an operator")).expect("a table")
}

/// Returns the message after one option of the first operator of a name has other bytes.
pub(super) fn with_option(name: &str, operator: &str, option: &str, bytes: &[u8]) -> String {
    let mut file = file(name);
    let declared = options_table(operator).expect("the operator has options");
    let field =
        declared.fields.iter().map(|&(field, _)| field).find(|field| field.name() == option);
    let table = operator_table(&file, operator);
    let options = table.table(operator::BUILTIN_OPTIONS, declared.name).expect("readable options");
    let place = options.expect("options").place(field.expect("the operator has the option"));
    let place = place.expect("the option is in the file");
    file[place..place + bytes.len()].copy_from_slice(bytes);
    message(&tflite::read(&file).expect("the file is still readable"))
}

/// Returns the index of the tensor that the first operator of a name reads at `position`.
pub(super) fn input(graph: &Graph<'_>, operator: &str, position: usize) -> usize {
    let operator = graph.operators.iter().find(|row| row.name == operator);
    let index = operator.and_then(|operator| operator.input(position));
    usize::try_from(index.expect("an input")).expect("an index")
}

/// Returns the index of the tensor that the first operator of a name writes.
fn output(graph: &Graph<'_>, operator: &str) -> usize {
    let operator = graph.operators.iter().find(|row| row.name == operator);
    let index = operator.and_then(|operator| operator.output(0));
    usize::try_from(index.expect("an output")).expect("an index")
}

/// Returns the message after one change to a tensor that the first operator of a name reads.
pub(super) fn with_input(
    name: &str,
    operator: &str,
    position: usize,
    change: impl FnOnce(&mut GraphTensor<'_>),
) -> String {
    changed(name, |graph| {
        let index = input(graph, operator, position);
        change(&mut graph.tensors[index]);
    })
}

/// Returns the message after one change to the tensor that the first operator of a name writes.
pub(super) fn with_output(
    name: &str,
    operator: &str,
    change: impl FnOnce(&mut GraphTensor<'_>),
) -> String {
    changed(name, |graph| {
        let index = output(graph, operator);
        change(&mut graph.tensors[index]);
    })
}

#[track_caller]
pub(super) fn refused(message: &str, expected: &str) {
    assert!(message.contains(expected), "{message}");
    assert!(message.contains(". Fix: "), "{message}");
}

#[test]
fn weights_of_convolutions() {
    let weights = |change: fn(&mut GraphTensor<'_>)| with_input("residual", "CONV_2D", 1, change);
    refused(
        &weights(|tensor| tensor.element = element(17)),
        "weights (tensor 1 `w0`) is INT4, not INT8",
    );
    refused(&weights(|tensor| tensor.is_sparse = true), "is stored sparsely");
    refused(&weights(|tensor| tensor.data = None), "is not a constant");
    refused(&weights(|tensor| tensor.data = Some(&[0; 5])), "has 5 bytes of data");
    refused(&weights(|tensor| tensor.shape = &[ONE; 3]), "has 3 dimensions, not 4 to 4");
    refused(&weights(|tensor| tensor.shape = &[[255; 4]; 4]), "has the shape [-1, -1, -1, -1]");
    refused(&weights(|tensor| tensor.quantization.is_custom = true), "custom quantisation");
    refused(&weights(|tensor| tensor.quantization.dimension = 3), "along dimension 3, not 0");
    let two = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[ONE; 2];
    refused(&weights(two), "has 2 scales and ");
    let zero_point = |tensor: &mut GraphTensor<'_>| {
        tensor.quantization.zero_points = &[[5, 0, 0, 0, 0, 0, 0, 0]];
    };
    refused(&weights(zero_point), "has the zero point 5, not 0 to 0");
    let negative = |tensor: &mut GraphTensor<'_>| {
        tensor.quantization.scales = &[[0, 0, 128, 191]];
        tensor.quantization.zero_points = &[[0; 8]];
    };
    refused(&weights(negative), "operator 0 (CONV_2D): the scales of channel 0 give no finite");
    let huge = |tensor: &mut GraphTensor<'_>| {
        tensor.quantization.scales = &[[0, 0, 128, 126]];
        tensor.quantization.zero_points = &[[0; 8]];
    };
    refused(&weights(huge), "need a left shift of ");
}

#[test]
fn biases() {
    let bias = |change: fn(&mut GraphTensor<'_>)| with_input("dense", "FULLY_CONNECTED", 2, change);
    refused(
        &bias(|tensor| tensor.element = element(4)),
        "bias (tensor 2 `b0`) is INT64, not INT32",
    );
    refused(&bias(|tensor| tensor.data = Some(&[0; 8])), "has 8 bytes of data, its shape needs");
    refused(&bias(|tensor| tensor.data = None), "is not a constant");
    let other = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[0, 0, 128, 63]];
    refused(&bias(other), "its bias has another scale");
}

#[test]
fn windows() {
    let conv = |option, bytes: &[u8]| with_option("conv_shapes", "CONV_2D", option, bytes);
    refused(&conv("stride_h", &[0; 4]), "`stride_h` is 0, not 1 to 65535");
    refused(&conv("stride_w", &[0, 0, 1, 0]), "`stride_w` is 65536, not 1 to 65535");
    refused(&conv("stride_w", &[255; 4]), "`stride_w` is -1");
    refused(&conv("stride_h", &[7, 0, 0, 0]), "has the shape [1, 6, 10, 7], the operator");
    refused(&conv("padding", &[2]), "`padding` is 2, not 0 to 1");
    let dilated = |option, bytes: &[u8]| with_option("conv_dilated", "CONV_2D", option, bytes);
    refused(&dilated("dilation_h_factor", &[0; 4]), "`dilation_h_factor` is 0");
    let pool = |option, bytes: &[u8]| with_option("pool_add", "AVERAGE_POOL_2D", option, bytes);
    refused(&pool("filter_height", &[0; 4]), "`filter_height` is 0");
    refused(&pool("stride_w", &[9, 0, 0, 0]), "the operator makes [1, 6, ");
}

#[test]
fn channels() {
    let stated = [9, 0, 0, 0];
    let message = with_option("depthwise_shapes", "DEPTHWISE_CONV_2D", "depth_multiplier", &stated);
    refused(&message, "are not 3 input channels times `depth_multiplier` 9");
    let grouped = changed("conv_shapes", |graph| {
        // The filter of 7 outputs, 3 rows, 2 columns, 5 inputs as one of 35 by 2 inputs.
        let index = input(graph, "CONV_2D", 1);
        graph.tensors[index].shape = &[[35, 0, 0, 0], [3, 0, 0, 0], ONE, TWO];
        graph.tensors[index].quantization.scales = &[[0, 0, 128, 59]];
        graph.tensors[index].quantization.zero_points = &[[0; 8]];
    });
    refused(&grouped, "its filter reads 2 channels of 5, which makes no whole groups");
}

#[test]
fn activations() {
    let fused = |byte| with_option("residual", "CONV_2D", "fused_activation_function", &[byte]);
    refused(&fused(4), "the fused activation TANH is not supported");
    refused(&fused(5), "the fused activation SIGN_BIT is not supported");
    refused(&fused(77), "the fused activation of unknown number is not supported");
    let tiny = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[1, 0, 0, 0]];
    let message = with_output("dense", "FULLY_CONNECTED", tiny);
    refused(&message, "the output scale is too small for its fused activation");
    let output = |change: fn(&mut GraphTensor<'_>)| with_output("residual", "CONV_2D", change);
    refused(&output(|tensor| tensor.element = Element::Int32), "is INT32, not INT8");
    refused(&output(|tensor| tensor.shape = &[]), "has the shape [1], the operator makes [1, 8");
    refused(&output(|tensor| tensor.shape = &[ONE; 7]), "has 7 dimensions, not 0 to 6");
    refused(&output(|tensor| tensor.shape = &[ONE, TWO]), "has the shape [1, 2], the operator");
    refused(&output(|tensor| tensor.quantization.scales = &[]), "has 0 scales and 1 zero points");
    refused(&output(|tensor| tensor.quantization.scales = &[[0; 4]]), "has a scale that is not");
    refused(
        &output(|tensor| tensor.quantization.zero_points = &[[200, 0, 0, 0, 0, 0, 0, 0]]),
        "has the zero point 200, not -128 to 127",
    );
    refused(&output(|tensor| tensor.data = Some(&[1])), "is a constant, not an activation");
    let large = |tensor: &mut GraphTensor<'_>| tensor.shape = &[[0, 0, 0, 32]];
    refused(&output(large), "has too many elements");
}

#[test]
fn sums() {
    let shape = with_output("residual", "ADD", |tensor| tensor.shape = &[ONE]);
    refused(&shape, "has the shape [1], the operator makes [1, 8, 8, 12]");
    // 2^-25, a good 2^20 times less than the inputs.
    let fine = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[0, 0, 0, 51]];
    let message = with_output("pool_add", "ADD", fine);
    refused(&message, "below 2^-19 of the greater input scale");
    let message = with_option("residual", "ADD", "fused_activation_function", &[4]);
    refused(&message, "operator 3 (ADD): the fused activation TANH");
}

#[test]
fn rows() {
    let operator = "FULLY_CONNECTED";
    let longer = |tensor: &mut GraphTensor<'_>| tensor.shape = &[TWO, [37, 0, 0, 0]];
    let message = with_output("dense", operator, longer);
    refused(&message, "61 input values are not 2 rows of 61 weights");
    let message = with_output("dense", operator, |tensor| tensor.shape = &[ONE, TWO]);
    refused(&message, "has the shape [1, 2], the operator makes [1, 37]");
}

#[test]
fn options_of_another_operator() {
    let mut file = file("dense");
    let table = operator_table(&file, "FULLY_CONNECTED");
    let place = table.place(operator::BUILTIN_OPTIONS_TYPE).expect("a type of options");
    file[place] = 11;
    let types = message(&tflite::read(&file).expect("the file is still readable"));
    refused(&types, "its options are of type 11, not 8");
    let unread = changed("dense", |graph| graph.operators[0].options = Vec::new());
    refused(&unread, "operator 0 (FULLY_CONNECTED): its option `weights_format` was not read");
    let mistyped = changed("dense", |graph| {
        let option = &mut graph.operators[0].options[1];
        assert_eq!((option.name, &option.value), ("weights_format", &Ok(OptionValue::U8(0))));
        option.value = Ok(OptionValue::I32(0));
    });
    refused(&mistyped, "operator 0 (FULLY_CONNECTED): its option `weights_format` was not read");
}

#[test]
fn pools_reshapes_and_softmax() {
    let other = |tensor: &mut GraphTensor<'_>| tensor.quantization.zero_points = &[[1; 8]];
    refused(&with_output("pool_add", "AVERAGE_POOL_2D", other), "has the zero point");
    let other = |tensor: &mut GraphTensor<'_>| tensor.quantization.zero_points = &[[0; 8]];
    let message = with_output("pool_add", "AVERAGE_POOL_2D", other);
    refused(&message, "its input and output differ in scale or zero point");
    let shorter = |tensor: &mut GraphTensor<'_>| tensor.shape = &[ONE, TWO];
    refused(&with_output("residual", "RESHAPE", shorter), "10 values do not fit a shape of 2");
    // 2^64 values and more are not counted round to few.
    let longest = |tensor: &mut GraphTensor<'_>| tensor.shape = &[[0, 0, 0, 64]; 4];
    let message = with_output("residual", "RESHAPE", longest);
    refused(&message, &format!("10 values do not fit a shape of {}", usize::MAX));
    let beta = |bytes: &[u8]| with_option("softmax_rows", "SOFTMAX", "beta", bytes);
    refused(&beta(&[0; 4]), "beta 0 times the input scale");
    refused(&beta(&f32::NAN.to_le_bytes()), "beta NaN times the input scale");
    let scale = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[0, 0, 128, 63]];
    let message = with_output("softmax_rows", "SOFTMAX", scale);
    refused(&message, "its output is not quantised with scale 1/256");
}

#[test]
fn logistic() {
    let output = |change: fn(&mut GraphTensor<'_>)| with_output("logistic", "LOGISTIC", change);
    let message = "operator 0 (LOGISTIC): the zero point of its output is not -128";
    refused(&output(|tensor| tensor.quantization.zero_points = &[[0; 8]]), message);
    refused(&output(|tensor| tensor.element = element(7)), "is INT16, not INT8");
    refused(&output(|tensor| tensor.shape = &[ONE, TWO]), "the operator makes [1, 256]");
    let input = |change: fn(&mut GraphTensor<'_>)| with_input("logistic", "LOGISTIC", 0, change);
    refused(&input(|tensor| tensor.element = element(3)), "is UINT8, not INT8");
    // Just below 2^-28.
    let fine = input(|tensor| tensor.quantization.scales = &[[255, 255, 127, 49]]);
    refused(&fine, "its input scale is below 2^-28");
}

#[test]
fn dimensions_of_one() {
    let axis =
        |change: fn(&mut GraphTensor<'_>)| with_input("batch_inside", "EXPAND_DIMS", 1, change);
    refused(&axis(|tensor| tensor.element = element(3)), "is UINT8, not INT32 or INT64");
    refused(&axis(|tensor| tensor.data = None), "is not a constant");
    refused(&axis(|tensor| tensor.data = Some(&[0; 5])), "has 5 bytes of data, its shape needs 4");
    refused(&axis(|tensor| tensor.data = Some(&[5, 0, 0, 0])), "`axis` is 5, not -4 to 3");
    refused(&axis(|tensor| tensor.data = Some(&[250, 255, 255, 255])), "`axis` is -6, not -4 to 3");
    let output = |operator| with_output("batch_inside", operator, |tensor| tensor.shape = &[ONE]);
    refused(&output("EXPAND_DIMS"), "has the shape [1], the operator makes [");
    refused(&output("SQUEEZE"), "has the shape [1], the operator makes [");
}
