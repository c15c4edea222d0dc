//! Tests of what operators on two values, and reductions, refuse.

use super::refusals::{changed, input, refused, with_input, with_option, with_output};
use crate::graph::{Element, GraphTensor, OptionValue};

const ONE: [u8; 4] = [1, 0, 0, 0];
const TWO: [u8; 4] = [2, 0, 0, 0];

#[test]
fn operands() {
    let mul = |change: fn(&mut GraphTensor<'_>)| with_input("broadcasts", "MUL", 1, change);
    refused(
        &mul(|tensor| tensor.shape = &[[2, 0, 0, 0], [3, 0, 0, 0]]),
        "operator 0 (MUL): shapes [1, 4, 5, 6] and [2, 3] do not broadcast",
    );
    refused(&mul(|tensor| tensor.element = Element::Int16), "is INT16, not INT8");
    refused(&mul(|tensor| tensor.data = Some(&[0; 5])), "has 5 bytes of data, its shape needs 6");
    refused(&mul(|tensor| tensor.quantization.scales = &[]), "has 0 scales and 1 zero points");
    refused(&mul(|tensor| tensor.quantization.scales = &[[0; 4]]), "has a scale that is not above");
    refused(&mul(|tensor| tensor.is_sparse = true), "is stored sparsely");
    let both = changed("broadcasts", |graph| {
        let constant = input(graph, "MUL", 1) as i32;
        let mul = graph.operators.iter_mut().find(|operator| operator.name == "MUL");
        let mul = mul.expect("a MUL");
        mul.inputs = Box::leak(Box::new([constant.to_le_bytes(); 2]));
    });
    // A constant is copied where an activation is needed.
    refused(&both, "has the shape [1, 4, 5, 6], the operator makes [6]");
    let missing = changed("broadcasts", |graph| {
        let mul = graph.operators.iter_mut().find(|operator| operator.name == "MUL");
        let mul = mul.expect("a MUL");
        mul.inputs = &mul.inputs[..1];
    });
    refused(&missing, "operator 0 (MUL): it has 1 inputs, not 2 to 2");
}

#[test]
fn scales_of_two_values() {
    // 2^-125, of which every quotient is far too great.
    let tiny = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[0, 0, 0, 1]];
    for (operator, expected) in [
        ("MUL", "need a left shift of "),
        ("SUB", "below 2^-19 of the greater input scale"),
        ("ADD", "below 2^-19 of the greater input scale"),
    ] {
        refused(&with_output("broadcasts", operator, tiny), expected);
    }
    for operator in ["SQUARED_DIFFERENCE", "PRELU"] {
        refused(&with_output("extremes", operator, tiny), "need a left shift of ");
    }
    for operator in ["ADD", "SUB", "MUL"] {
        let message = changed("broadcasts", |graph| {
            let named = graph.operators.iter_mut().find(|row| row.name == operator);
            named.expect("an operator").options[0].value = Ok(OptionValue::U8(4));
        });
        refused(&message, "the fused activation TANH is not supported");
    }
}

#[test]
fn sums_of_several() {
    let other = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[0, 0, 128, 63]];
    let message = with_output("extremes", "MAXIMUM", other);
    refused(&message, "(ADD_N): its inputs differ in scale or zero point");
    let tiny = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[0, 0, 0, 1]];
    refused(&with_output("extremes", "ADD_N", tiny), "below 2^-19 of the greater input scale");
    let flat = |tensor: &mut GraphTensor<'_>| tensor.shape = &[ONE, TWO];
    refused(&with_output("extremes", "ADD_N", flat), "has the shape [1, 2], the operator makes");
}

#[test]
fn reductions() {
    let axes = |change: fn(&mut GraphTensor<'_>)| with_input("reductions", "MEAN", 1, change);
    refused(&axes(|tensor| tensor.element = Element::Int64), "is INT64, not INT32");
    refused(&axes(|tensor| tensor.data = None), "is not a constant");
    let range = |value: i32| {
        changed("reductions", |graph| {
            let index = input(graph, "MEAN", 1);
            graph.tensors[index].shape = &[ONE];
            graph.tensors[index].data = Some(Box::leak(Box::new(value.to_le_bytes())));
        })
    };
    refused(&range(4), "`axis` is 4, not -4 to 3");
    refused(&range(-5), "`axis` is -5, not -4 to 3");
    refused(&range(3), "has the shape [1, 70], the operator makes [1, 6, 5]");
    let message = with_option("reductions", "REDUCE_MAX", "keep_dims", &[0]);
    refused(&message, "has the shape [1, 6, 1, 70], the operator makes [1, 6, 70]");
    let other = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[0, 0, 128, 63]];
    for operator in ["REDUCE_MAX", "REDUCE_MIN"] {
        let message = with_output("reductions", operator, other);
        refused(&message, "its input and output differ in scale or zero point");
    }
    let tiny = |tensor: &mut GraphTensor<'_>| tensor.quantization.scales = &[[0, 0, 0, 1]];
    for operator in ["MEAN", "SUM"] {
        refused(&with_output("reductions", operator, tiny), "need a left shift of ");
    }
    let flat = |tensor: &mut GraphTensor<'_>| tensor.shape = &[ONE, TWO];
    refused(&with_output("reductions", "SUM", flat), "the operator makes [1, 1, 5, 1]");
}
