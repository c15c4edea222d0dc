//! Refusals of functions of single values, and of conversions between element types.

use super::refusals::{ONE, TWO, changed, refused, with_input, with_output};
use crate::graph::GraphTensor;
use crate::schema::element;

const FLOAT32: u8 = 0;
const INT32: u8 = 2;
const UINT8: u8 = 3;
const INT16: u8 = 7;

#[test]
fn every_function_takes_int8_of_one_shape() {
    for name in ["TANH", "HARD_SWISH", "RELU", "RELU6", "LEAKY_RELU", "ELU", "ABS", "RSQRT"] {
        let output = |change: fn(&mut GraphTensor<'_>)| with_output("functions", name, change);
        refused(&output(|tensor| tensor.element = element(INT16)), "is INT16, not INT8");
        refused(&output(|tensor| tensor.shape = &[ONE, TWO]), "the operator makes [1, 256]");
        refused(&output(|tensor| tensor.quantization.scales = &[]), "has 0 scales");
        let two = changed("functions", |graph| {
            let operator = graph.operators.iter_mut().find(|row| row.name == name);
            operator.expect("the model has it").inputs = &[[0; 4], [0; 4]];
        });
        refused(&two, "it has 2 inputs, not 1 to 1");
    }
}

#[test]
fn scales_of_functions() {
    let output =
        |name, scales| with_output("functions", name, |tensor| tensor.quantization.scales = scales);
    // 2^-40.
    let fine: &[[u8; 4]] = &[[0, 0, 128, 43]];
    for name in ["RELU", "LEAKY_RELU", "ABS"] {
        refused(&output(name, fine), "need a left shift of");
    }
    // Finer than 1/128 of the input's.
    refused(&output("HARD_SWISH", &[[0, 0, 128, 56]]), "its output scale is below 1/128");
    let input = |name, change: fn(&mut GraphTensor<'_>)| with_input("functions", name, 0, change);
    refused(
        &input("TANH", |tensor| tensor.quantization.scales = &[[255, 255, 127, 49]]),
        "its input scale is below 2^-28",
    );
    refused(
        &input("RSQRT", |tensor| {
            tensor.quantization.zero_points = &[[129, 255, 255, 255, 255, 255, 255, 255]]
        }),
        "operator 2 (RSQRT): its input has the zero point -127, so that some of its values",
    );
    refused(&output("RSQRT", fine), "need a left shift of");
    // 2^20.
    refused(&output("RSQRT", &[[0, 0, 128, 73]]), "need a left shift of -");
}

#[test]
fn conversions() {
    let input = |name, change: fn(&mut GraphTensor<'_>)| with_input("float_ends", name, 0, change);
    let output = |name, change: fn(&mut GraphTensor<'_>)| with_output("float_ends", name, change);
    let message = "operator 0 (QUANTIZE): TFLite Micro does not convert FLOAT32 to UINT8";
    let to_bytes = |tensor: &mut GraphTensor<'_>| {
        tensor.element = element(UINT8);
        tensor.quantization.zero_points = &[[0; 8]];
    };
    refused(&output("QUANTIZE", to_bytes), message);
    refused(&output("QUANTIZE", |tensor| tensor.element = element(FLOAT32)), "is FLOAT32, not");
    refused(&output("QUANTIZE", |tensor| tensor.quantization.scales = &[]), "has 0 scales");
    refused(&output("QUANTIZE", |tensor| tensor.shape = &[ONE, TWO]), "the operator makes [1, 7");
    refused(&output("DEQUANTIZE", |tensor| tensor.element = element(INT32)), "not FLOAT32");
    // Type 6 is BOOL.
    refused(&input("QUANTIZE", |tensor| tensor.element = element(6)), "is BOOL, not");
    let unscaled = with_input("word_values", "QUANTIZE", 0, |tensor| {
        tensor.quantization.scales = &[];
        tensor.quantization.zero_points = &[];
    });
    refused(&unscaled, "has 0 scales and 0 zero points, not 1 of each");
    let cast = with_output("casts", "CAST", |tensor| tensor.element = element(UINT8));
    refused(&cast, "is UINT8, not FLOAT32 or INT8 or INT16 or INT32 or UINT32 or BOOL");
}
