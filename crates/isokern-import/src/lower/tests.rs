//! Tests of the lowering: multipliers and shifts equal those that TFLite Micro computes.

use std::path::{Path, PathBuf};

use isokern_model::OpKind;
use isokern_model::encode::{Draft, DraftOp};
use isokern_model::operators::dot_body::DotBody;
use serde_json::Value;

use crate::{lower, tflite};

const OWN: [&str; 20] = [
    "digits",
    "residual",
    "conv_shapes",
    "conv_dilated",
    "depthwise_shapes",
    "dead_channels",
    "dense",
    "pool_add",
    "softmax_beta",
    "softmax_rows",
    "softmax_steep",
    "logistic",
    "logistic_wide",
    "dense_units",
    "batch_inside",
    "second_graph",
    "broadcasts",
    "extremes",
    "reductions",
    "choices",
];

/// Constants of dot products, and of no other operator.
const DOT_CONSTANTS: usize = 4;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn draft(file: &[u8]) -> Draft {
    let graph = tflite::read(file).expect("the file is readable");
    lower::lower(&graph, [0; 32], |_, _| ()).expect("the model is supported").draft
}

fn numbers(layer: &Value, key: &str) -> Vec<i64> {
    let list = layer[key].as_array().expect("a list");
    list.iter().map(|number| number.as_i64().expect("an integer")).collect()
}

/// Returns one multiplier and shift represents all channels in a draft, not in the reference.
fn repeated<T: Copy + Into<i64>>(values: &[T], count: usize) -> Vec<i64> {
    let values: Vec<i64> = values.iter().map(|&value| value.into()).collect();
    if values.len() == 1 { vec![values[0]; count] } else { values }
}

/// Returns multipliers and shifts of an operator made of dot products, as many as its body states.
fn scales(op: &DraftOp) -> (Vec<i32>, Vec<i8>) {
    let [_, bias, multiplier, shift] = &*op.constants else { panic!("four constants: {op:?}") };
    let body: DotBody = bytemuck::pod_read_unaligned(
        bytemuck::bytes_of(&op.body).first_chunk::<{ size_of::<DotBody>() }>().expect("a body"),
    );
    let (multiplier, shift) = (multiplier.values::<i32>(), shift.values::<i8>());
    assert_eq!(multiplier.len(), body.scale_count as usize);
    assert_eq!(shift.len(), body.scale_count as usize);
    assert_eq!(bias.values::<i32>().len(), body.outputs as usize);
    (multiplier, shift)
}

fn check_scales(op: &DraftOp, layer: &Value, place: &str) {
    let (found, shifts) = scales(op);
    let multiplier = numbers(layer, "multiplier");
    let count = multiplier.len();
    assert_eq!(repeated(&found, count), multiplier, "multipliers of {place}");
    assert_eq!(repeated(&shifts, count), numbers(layer, "shift"), "shifts of {place}");
}

fn check_model(models: &Path, layers: &Value, name: &str) -> usize {
    let file = std::fs::read(models.join(format!("{name}.tflite"))).expect("the model is there");
    let graph = tflite::read(&file).expect("the file is readable");
    let draft = draft(&file);
    let layers = layers[name].as_array().expect("layers of the model");
    assert_eq!(draft.ops.len(), layers.len());
    let mut checked = 0;
    for (index, (op, layer)) in draft.ops.iter().zip(layers).enumerate() {
        let place = format!("{name}, operator {index}");
        assert_eq!(layer["op"], graph.operators[index].name, "{place}");
        let output = &draft.tensors[usize::from(op.outputs[0])];
        let dims: Vec<i64> = output.dims.iter().map(|&size| size.into()).collect();
        assert_eq!(dims, numbers(layer, "out_shape"), "{place}");
        assert_eq!(layer["out_zero_point"], i64::from(output.zero_point), "{place}");
        assert_eq!(layer["multiplier"].is_array(), op.constants.len() == DOT_CONSTANTS, "{place}");
        if op.constants.len() == DOT_CONSTANTS {
            check_scales(op, layer, &place);
            checked += 1;
        }
    }
    checked
}

fn layers(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).expect("layers.json is JSON"))
}

#[test]
fn own_models_have_the_multipliers_of_tflite_micro() {
    let models = root().join("tests/models");
    let layers = layers(&models.join("vectors/layers.json")).expect("layers.json is there");
    for name in OWN {
        check_model(&models.join("models"), &layers, name);
    }
}

#[test]
fn dead_channels_keep_multiplier_zero_and_far_shifts() {
    let path = root().join("tests/models/models/dead_channels.tflite");
    let draft = draft(&std::fs::read(path).expect("the model is there"));
    let dots = draft.ops.iter().filter(|op| !op.constants.is_empty()).map(scales);
    let scales: Vec<(i32, i8)> =
        dots.flat_map(|(multiplier, shift)| multiplier.into_iter().zip(shift)).collect();
    assert!(scales.contains(&(0, 0)), "a channel without a multiplier");
    assert!(scales.iter().any(|&(_, shift)| shift == -31), "the farthest shift to the right");
    assert!(scales.iter().any(|&(_, shift)| shift > 0), "a shift to the left");
}

#[test]
fn operands_of_fewer_dimensions_are_not_of_one_shape() {
    let path = root().join("tests/models/models/two_inputs.tflite");
    let file = std::fs::read(path).expect("the model is there");
    let mut graph = tflite::read(&file).expect("the file is readable");
    graph.operators.truncate(1);
    graph.outputs.truncate(1);
    for index in graph.inputs.clone() {
        let shape = core::mem::replace(&mut graph.tensors[index].shape, &[[5, 0, 0, 0]]);
        let lowered = lower::lower(&graph, [0; 32], |_, _| ()).expect("the sum is supported");
        // That of one shape has a kind of its own.
        assert_eq!(lowered.draft.ops[0].kind, OpKind::Binary);
        graph.tensors[index].shape = shape;
    }
}
