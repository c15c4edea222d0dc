//! Tests of what operators that copy refuse.

use super::refusals::{refused, with_input, with_option, with_output};
use crate::graph::{Element, GraphTensor};

type Change = fn(&mut GraphTensor<'_>);

#[test]
fn concatenations() {
    let with = |change: Change| with_output("moves", "CONCATENATION", change);
    refused(
        &with(|tensor| tensor.quantization.scales = &[[0, 0, 128, 63]]),
        "operator 0 (CONCATENATION): its inputs and its output differ in scale or zero point",
    );
    refused(&with(|tensor| tensor.shape = &[[1, 0, 0, 0]; 4]), "the operator makes [1, 6, 8, 12]");
    let option =
        |name, value: i32| with_option("moves", "CONCATENATION", name, &value.to_le_bytes());
    refused(&option("axis", 4), "`axis` is 4, not -4 to 3");
    refused(&option("axis", -5), "`axis` is -5, not -4 to 3");
    refused(&option("axis", 2), "the shapes [1, 6, 8, 2] and ");
}

#[test]
fn parts() {
    let split = |change: Change| with_output("moves", "SPLIT", change);
    refused(&split(|tensor| tensor.shape = &[[8, 0, 0, 0]]), "the operator makes [1, 8, 4, 12]");
    let axis = |change: Change| with_input("moves", "SPLIT", 0, change);
    refused(&axis(|tensor| tensor.data = Some(&[4, 0, 0, 0])), "`axis` is 4, not -4 to 3");
    refused(&axis(|tensor| tensor.data = None), "is not a constant");
    let begin = |change: Change| with_input("moves", "SLICE", 1, change);
    refused(&begin(|tensor| tensor.element = Element::Float32), "is FLOAT32, not INT32 or INT64");
    let past = begin(|tensor| {
        tensor.data = Some(&[0, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]);
    });
    refused(&past, "`begin` is 8, not 0 to 7");
    let short = begin(|tensor| {
        tensor.shape = &[[1, 0, 0, 0]];
        tensor.data = Some(&[0; 4]);
    });
    refused(&short, "its begin has 1 values, not 4");
    let size = with_input("moves", "SLICE", 2, |tensor| {
        tensor.data = Some(&[1, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]);
    });
    refused(&size, "`size` is 7, not 1 to 6");
}

#[test]
fn strides() {
    let step = |change: Change| with_input("moves", "STRIDED_SLICE", 3, change);
    let zero = step(|tensor| tensor.data = Some(&[0; 16]));
    refused(&zero, "`strides` is 0, not 1 to");
    let end = with_input("moves", "STRIDED_SLICE", 2, |tensor| tensor.data = Some(&[0; 16]));
    refused(&end, "`end` is 0, not 1 to 1");
}

#[test]
fn margins() {
    let paddings = |name, change: Change| with_input("moves", name, 1, change);
    let below: Change = |tensor| {
        const BELOW: &[u8] = &[0xff; 32];
        tensor.data = Some(BELOW);
    };
    refused(&paddings("PAD", below), "`paddings` is -1, not 0 to");
    refused(&paddings("MIRROR_PAD", below), "`paddings` is -1, not 0 to 0");
    let value = with_input("moves", "PADV2", 2, |tensor| {
        tensor.quantization.scales = &[[0, 0, 128, 63]];
    });
    refused(&value, "the value it pads with is not one, or has another scale");
    let order = paddings("TRANSPOSE", |tensor| tensor.data = Some(&[0; 16]));
    refused(&order, "`perm` has 0 twice");
    let order = paddings("TRANSPOSE", |tensor| tensor.data = Some(&[4; 16]));
    refused(&order, "`perm` is 67372036, not 0 to 3");
}

#[test]
fn blocks_and_counts() {
    let option =
        |operator, name, value: i32| with_option("moves", operator, name, &value.to_le_bytes());
    refused(&option("SPACE_TO_DEPTH", "block_size", 4), "blocks of 4 do not divide a size of 6");
    refused(&option("SPACE_TO_DEPTH", "block_size", 0), "`block_size` is 0, not 1 to 32768");
    refused(&option("DEPTH_TO_SPACE", "block_size", 3), "blocks of 3 do not divide a size of 20");
    refused(&option("PACK", "values_count", 2), "`values_count` is 2, not 3 to 3");
    refused(&option("UNPACK", "num", 2), "`num` is 2, not 12 to 12");
    let block = with_input("moves", "SPACE_TO_BATCH_ND", 1, |tensor| {
        tensor.data = Some(&[4, 0, 0, 0, 2, 0, 0, 0]);
    });
    refused(&block, "blocks of 4 do not divide a size of 6");
    let axes = with_input("moves", "REVERSE_V2", 1, |tensor| {
        tensor.shape = &[[2, 0, 0, 0]];
        tensor.data = Some(&[1, 0, 0, 0, 3, 0, 0, 0]);
    });
    refused(&axes, "its axes are not next to each other");
}

#[test]
fn indices() {
    let outside = with_input("indices", "GATHER_ND", 1, |tensor| {
        tensor.data = Some(&[9; 24]);
    });
    refused(&outside, "its index [151587081, 151587081] is outside of what it picks from");
    let table = with_input("indices", "EMBEDDING_LOOKUP", 1, |tensor| {
        tensor.element = Element::Int16;
    });
    refused(&table, "is INT16, not FLOAT32 or INT8");
}
