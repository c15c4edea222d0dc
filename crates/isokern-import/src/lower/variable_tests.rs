//! Tests of what is refused of variables.

use std::path::Path;

use crate::graph::{CALL_ONCE, Graph, OptionValue};
use crate::{lower, tflite};

fn faults(change: impl FnOnce(&mut Graph<'_>)) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models/streams");
    let file = std::fs::read(folder.join("variables.tflite")).expect("it is in the repository");
    let mut graph = tflite::read(&file).expect("the file is readable");
    change(&mut graph);
    let error = lower::lower(&graph, [0; 32], |_, _| ()).expect_err("the change is refused");
    error.faults().iter().map(ToString::to_string).collect()
}

#[track_caller]
fn refused(found: &[String], expected: &str) {
    let first = found.first().expect("a fault");
    assert!(first.contains(expected) && first.contains(". Fix: "), "{first}");
}

fn first_of(graph: &Graph<'_>, name: &str) -> usize {
    graph.operators.iter().position(|operator| operator.name == name).expect("an operator")
}

#[test]
fn a_variable_that_nothing_assigns() {
    let found = faults(|graph| {
        graph.operators.retain(|operator| operator.name != "ASSIGN_VARIABLE");
        graph.called[0].1.operators.clear();
    });
    refused(&found, "(READ_VARIABLE): nothing assigns its variable");
}

#[test]
fn a_call_that_comes_late_or_leads_nowhere() {
    let late = faults(|graph| {
        let call = graph.operators.remove(first_of(graph, CALL_ONCE));
        graph.operators.push(call);
    });
    refused(&late, "(CALL_ONCE): it runs after variables are read or assigned");
    let nowhere = faults(|graph| {
        let index = first_of(graph, CALL_ONCE);
        graph.operators[index].options[0].value = Ok(OptionValue::I32(7));
    });
    refused(&nowhere, "(CALL_ONCE): it runs graph 7 once, which is not there");
}

#[test]
fn a_called_graph_assigns_constants() {
    let value = |graph: &Graph<'_>, change: usize| {
        let assign = &graph.called[0].1.operators[change];
        assert_eq!(assign.name, "ASSIGN_VARIABLE");
        usize::try_from(assign.input(1).expect("a value")).expect("an index")
    };
    let found = faults(|graph| {
        let index = value(graph, 1);
        graph.called[0].1.tensors[index].data = None;
    });
    refused(&found, "graph 1, which CALL_ONCE runs: operator 1 (ASSIGN_VARIABLE): value (tensor ");
    let found = faults(|graph| {
        let (one, other) = (value(graph, 1), value(graph, 3));
        let called = &mut graph.called[0].1;
        called.tensors[one].data = Some(&[1; 5]);
        called.tensors[other].data = Some(&[1; 5]);
    });
    assert_eq!(found.len(), 2, "{found:?}");
    refused(&found, "has 5 bytes of data, its shape needs 4");
    let found = faults(|graph| graph.called[0].1.operators[0].name = "POW");
    refused(&found, "graph 1, which CALL_ONCE runs: operator 0 (POW) is not supported");
}

#[test]
fn values_of_other_sizes_and_handles_of_other_types() {
    let found = faults(|graph| {
        // The first value that the first graph assigns says what the variable is.
        let assign = &graph.called[0].1.operators[3];
        let index = usize::try_from(assign.input(1).expect("a value")).expect("an index");
        let called = &mut graph.called[0].1;
        called.tensors[index].shape = &[[2, 0, 0, 0]];
        called.tensors[index].data = Some(&[1; 2]);
    });
    refused(&found, "(ASSIGN_VARIABLE): value (tensor 3 `third_initial`) has 2 bytes, or another");
    let found = faults(|graph| {
        let read = first_of(graph, "READ_VARIABLE");
        graph.operators[read].inputs = &[[0; 4]];
    });
    refused(&found, "(READ_VARIABLE): variable (tensor 0 `input`) is INT8, not RESOURCE");
    let found = faults(|graph| {
        let read = first_of(graph, "READ_VARIABLE");
        let index = usize::try_from(graph.operators[read].output(0).expect("an output"));
        graph.tensors[index.expect("an index")].shape = &[[3, 0, 0, 0]];
    });
    refused(&found, "(READ_VARIABLE): 4 values do not fit a shape of 3");
}
