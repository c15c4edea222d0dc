//! Pairs of `src/operators/reduce.rs`: one value for all elements along some dimensions.

use crate::blob::Blob;
use crate::models::reduce;
use crate::{operator, pair};
use isokern_model::operators::reduce::{ReduceBody, ReduceOperation};

fn with(change: impl FnOnce(&mut ReduceBody)) -> Blob {
    reduce().with(|blob| blob.body(0, change))
}

#[test]
fn operation_and_types() {
    let constants =
        |count| reduce().with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &constants(0), &constants(1));
    let code = |code| with(|body| body.operation = code);
    pair("operation", operator(0), &code(1), &code(0));
    pair("operation", operator(0), &code(3), &code(7));
    // Input, then output, of the codes for bool and i8.
    let typed = |operation: ReduceOperation, types: [u8; 2]| {
        code(operation.code()).with(|blob| {
            for (index, dtype) in types.into_iter().enumerate() {
                blob.tensor(index, |record| (record.dtype, record.zero_point) = (dtype, 0));
            }
        })
    };
    let (all, most) = (ReduceOperation::All, ReduceOperation::Maximum);
    pair("dtype", operator(0), &typed(all, [0, 0]), &typed(all, [1, 0]));
    pair("dtype", operator(0), &typed(most, [1, 1]), &typed(most, [1, 0]));
    pair("dtype", operator(0), &typed(most, [1, 1]), &typed(ReduceOperation::ArgMaximum, [1, 1]));
}

#[test]
fn body() {
    let sizes = |reduced, kept| with(|body| (body.reduced, body.kept) = (reduced, kept));
    let last = sizes([1, 1, 3, 1], [1, 2, 4]);
    pair("kept", operator(0), &last, &sizes([1, 1, 3, 1], [1, 2, 5]));
    pair("kept", operator(0), &last, &sizes([1, 1, 3, 1], [1 << 31, 2, 4]));
    pair("reduced", operator(0), &last, &sizes([1, 1, 4, 1], [1, 2, 4]));
    pair("reduced", operator(0), &last, &sizes([0, 1, 3, 1], [1, 2, 4]));
    pair("reduced", operator(0), &last, &sizes([1 << 31, 2, 3, 1], [1, 2, 4]));
    let multiplier = |value| with(|body| body.multiplier = value);
    pair("multiplier", operator(0), &multiplier(0), &multiplier(-1));
    let shift = |value| with(|body| body.shift = value);
    pair("shift", operator(0), &shift(30), &shift(31));
    pair("shift", operator(0), &shift(-31), &shift(-32));
    let left_shift = |value| with(|body| body.left_shift = value);
    pair("left_shift", operator(0), &left_shift(20), &left_shift(21));
}
