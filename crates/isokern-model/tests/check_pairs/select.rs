//! Pairs of `src/operators/select.rs`: a choice between two operands.

use crate::blob::Blob;
use crate::models::select;
use crate::{operator, pair};
use isokern_model::operators::select::SelectBody;

fn with(change: impl FnOnce(&mut SelectBody)) -> Blob {
    select().with(|blob| blob.body(0, change))
}

#[test]
fn types() {
    // The codes for bool and i8, of the condition, the operand and the output.
    let typed = |types: [u8; 3]| {
        select().with(|blob| {
            for (index, dtype) in types.into_iter().enumerate() {
                blob.tensor(index, |record| record.dtype = dtype);
            }
        })
    };
    pair("dtype", operator(0), &typed([0, 1, 1]), &typed([1, 1, 1]));
    pair("dtype", operator(0), &typed([0, 0, 0]), &typed([0, 0, 1]));
}

#[test]
fn operands() {
    let repeats = |repeats| with(|body| body.repeats = repeats);
    let last = repeats([0, 0, 1 << 4]);
    pair("condition", operator(0), &last, &repeats([1 << 5, 0, 1 << 4]));
    pair("operand", operator(0), &last, &repeats([0, 1 << 5, 1 << 4]));
    pair("operand_b", operator(0), &last, &repeats([0, 0, 1 << 5]));
}
