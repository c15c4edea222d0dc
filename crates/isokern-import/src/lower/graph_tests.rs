//! Tests of what the lowering refuses in a graph as a whole, and that it tells everything at once.

use super::refusals::{ONE, changed, file, input, refused};
use crate::graph::Graph;
use crate::schema::element;
use crate::{lower, tflite};

#[test]
fn graphs() {
    let twice = changed("two_inputs", |graph| graph.inputs[1] = graph.inputs[0]);
    refused(&twice, "the graph lists tensor 0 as an input twice");
    let string = changed("dense", |graph| {
        let constant = input(graph, "FULLY_CONNECTED", 1);
        graph.outputs = vec![constant];
        graph.tensors[constant].element = element(5);
    });
    refused(&string, "output (tensor 1 `w0`) is STRING");
    let short = changed("dense", |graph| {
        graph.outputs = vec![input(graph, "FULLY_CONNECTED", 1)];
        graph.tensors[graph.outputs[0]].data = Some(&[0; 5]);
    });
    refused(&short, "output (tensor 1 `w0`) has 5 bytes of data, its shape needs 2257");
    let order = changed("dense", |graph| graph.operators.swap(0, 1));
    refused(&order, "operator 0 (FULLY_CONNECTED): input (tensor 3 ");
    let twice = changed("two_inputs", |graph| {
        graph.operators[1].outputs = graph.operators[0].outputs;
        graph.outputs[1] = graph.outputs[0];
    });
    refused(&twice, "is written twice");
    let arity = changed("dense", |graph| graph.operators[0].inputs = &[ONE]);
    refused(&arity, "it has 1 inputs, not 2 to 3");
    let missing = changed("dense", |graph| graph.operators[0].inputs = &[[255; 4], ONE]);
    refused(&missing, "it has no input");
    let outputs = changed("dense", |graph| graph.operators[0].outputs = &[]);
    refused(&outputs, "it has 0 outputs, not 1 to 1");
    let nowhere = changed("dense", |graph| graph.operators[0].outputs = &[[0, 0, 1, 0]]);
    refused(&nowhere, "it names the tensor 65536, which is not there");
    let name = changed("dense", |graph| {
        graph.tensors[0].name = b"\x1b[31m\xff\n";
        graph.tensors[0].element = element(0);
    });
    refused(&name, r"`\u{1b}[31m");
}

/// Returns the messages of everything that is wrong with a file after one change to its graph.
fn faults(name: &str, change: impl FnOnce(&mut Graph<'_>)) -> Vec<String> {
    let file = file(name);
    let mut graph = tflite::read(&file).expect("the file is readable");
    change(&mut graph);
    let error = lower::lower(&graph, [0; 32], |_, _| ()).expect_err("the change is refused");
    error.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn everything_wrong_is_told_and_nothing_that_follows_from_it() {
    let found = faults("dense", |graph| {
        let index = graph.inputs[0];
        graph.tensors[index].quantization.is_custom = true;
        graph.operators[1].name = "POW";
        let last = graph.operators.len() - 1;
        graph.operators[last].inputs = &graph.operators[last].inputs[..1];
    });
    let [pow, custom, count] = found.as_slice() else { panic!("{found:?}") };
    refused(pow, "operator 1 (POW) is not supported");
    refused(custom, "input (tensor 0 `input`) has a custom quantisation");
    refused(count, "it has 1 inputs, not");
    let together = changed("dense", |graph| {
        graph.operators[1].name = "POW";
        graph.operators[2].name = "SIN";
    });
    assert!(together.starts_with("operator 1 (POW) is not supported. Fix: "), "{together}");
    assert!(together.contains("; also, operator 2 (SIN) is not supported. Fix: "), "{together}");
}

#[test]
fn what_a_refused_operator_writes_is_taken_to_be_what_the_file_says() {
    let found = faults("residual", |graph| {
        graph.operators[0].name = "POW";
        // Whatever reads a tensor that cannot be is not at fault.
        let index = usize::try_from(graph.operators[0].output(0).expect("an output"));
        graph.tensors[index.expect("an index")].shape = &[[255; 4]; 4];
    });
    assert_eq!(found.len(), 1, "{found:?}");
    refused(&found[0], "operator 0 (POW) is not supported");
}

#[test]
fn operators_that_nothing_needs_are_no_hindrance() {
    let file = file("dense");
    let mut graph = tflite::read(&file).expect("the file is readable");
    let all = graph.operators.len();
    let first = usize::try_from(graph.operators[0].output(0).expect("an output"));
    graph.outputs = vec![first.expect("an index")];
    graph.operators[1].name = "POW";
    let lowered = lower::lower(&graph, [0; 32], |_, _| ()).expect("the rest is not needed");
    assert_eq!((lowered.draft.ops.len(), lowered.unused_operator_count), (1, all - 1));
    // A custom operator may do more than write its output.
    graph.operators[1].name = "CUSTOM";
    let error = lower::lower(&graph, [0; 32], |_, _| ()).expect_err("it may act");
    refused(&error.to_string(), "operator 1 (CUSTOM) is not supported");
}

#[test]
fn nobody_needs_the_shape_that_a_reshape_is_given() {
    let file = file("open_batch");
    let mut graph = tflite::read(&file).expect("the file is readable");
    graph.outputs.truncate(1);
    let mul = graph.operators.iter_mut().find(|operator| operator.name == "MUL");
    mul.expect("the model has it").name = "POW";
    let lowered = lower::lower(&graph, [0; 32], |_, _| ()).expect("the chain is not needed");
    assert_eq!((lowered.draft.ops.len(), lowered.unused_operator_count), (2, 6));
}

#[test]
fn lent_weights_are_counted() {
    let message = changed("residual", |graph| {
        graph.file_bytes = 0;
        let conv = graph.operators.iter().position(|operator| operator.name == "CONV_2D");
        let index = input(graph, "CONV_2D", 1);
        let side = [0, 4, 0, 0];
        graph.tensors[index].shape = Box::leak(Box::new([side, ONE, ONE, [0, 8, 0, 0]]));
        graph.tensors[index].data = Some(Box::leak(vec![0; 1024 * 2048].into_boxed_slice()));
        graph.tensors[index].quantization.scales = &[[0, 0, 128, 59]];
        graph.tensors[index].quantization.zero_points = &[[0; 8]];
        assert_eq!(conv, Some(0));
    });
    refused(&message, "the operators use more than 1048576 bytes of weights in a file of 0");
}
