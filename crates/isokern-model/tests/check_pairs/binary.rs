//! Pairs of `src/operators/binary.rs`: functions of two values.

use crate::blob::Blob;
use crate::models::binary;
use crate::{operator, pair};
use isokern_model::operators::binary::{BinaryBody, BinaryOperation};

fn with(change: impl FnOnce(&mut BinaryBody)) -> Blob {
    binary().with(|blob| blob.body(0, change))
}

#[test]
fn operation_and_types() {
    let code = |code| {
        with(|body| {
            body.operation = code;
            body.multiplier = [0; 3];
        })
    };
    pair("operation", operator(0), &code(1), &code(0));
    pair("operation", operator(0), &code(7), &code(18));
    // Inputs, then output, of the codes for bool and i8.
    let typed = |operation: BinaryOperation, types: [u8; 2]| {
        code(operation.code()).with(|blob| {
            for (index, dtype) in types.into_iter().enumerate() {
                blob.tensor(index, |record| (record.dtype, record.zero_point) = (dtype, 0));
            }
        })
    };
    let (compare, and) = (BinaryOperation::LessEqual, BinaryOperation::LogicalAnd);
    pair("dtype", operator(0), &typed(compare, [1, 0]), &typed(compare, [1, 1]));
    pair("dtype", operator(0), &typed(and, [0, 0]), &typed(and, [1, 0]));
    pair("dtype", operator(0), &typed(BinaryOperation::Minimum, [1, 1]), &typed(and, [0, 1]));
}

#[test]
fn operands() {
    let repeats = |first, second| with(|body| body.repeats = [first, second]);
    pair("operand", operator(0), &repeats(0, 1 << 4), &repeats(1 << 5, 1 << 4));
    pair("operand_b", operator(0), &repeats(0, 1 << 4), &repeats(0, 1 << 5));
}

#[test]
fn body() {
    let reserved = |value| with(|body| body.reserved[2] = value);
    pair("body", operator(0), &reserved(0), &reserved(1));
    let multiplier = |place, value| with(|body| body.multiplier[place] = value);
    pair("multiplier", operator(0), &multiplier(2, 0), &multiplier(2, -1));
    pair("multiplier", operator(0), &multiplier(0, 0), &multiplier(0, 1));
    for place in 0..3 {
        let shift = |value| with(|body| body.shift[place] = value);
        pair("shift", operator(0), &shift(30), &shift(31));
        pair("shift", operator(0), &shift(-31), &shift(-32));
    }
    let left_shift = |value| with(|body| body.left_shift = value);
    pair("left_shift", operator(0), &left_shift(20), &left_shift(21));
    let range = |min, max| with(|body| (body.activation_min, body.activation_max) = (min, max));
    pair("activation_min", operator(0), &range(5, 5), &range(6, 5));
}
