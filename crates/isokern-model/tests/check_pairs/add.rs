//! Pairs of `src/operators/add.rs`: the sum of two tensors.

use crate::blob::Blob;
use crate::models::add;
use crate::{operator, pair};
use isokern_model::operators::add::AddBody;

fn with(change: impl FnOnce(&mut AddBody)) -> Blob {
    add().with(|blob| blob.body(0, change))
}

#[test]
fn tensors_and_constants() {
    let constants =
        |count| add().with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &constants(0), &constants(1));
    let size = |index, sizes: &[u32]| add().with(|blob| blob.size(index, sizes));
    pair("input", operator(0), &size(0, &[2, 3]), &size(0, &[3, 2]));
    pair("input_b", operator(0), &size(1, &[2, 3]), &size(1, &[1, 6]));
}

#[test]
fn body() {
    let reserved = |value| with(|body| body.reserved = value);
    pair("body", operator(0), &reserved(0), &reserved(1));
    for place in 0..3 {
        let multiplier = |value| with(|body| body.multiplier[place] = value);
        pair("multiplier", operator(0), &multiplier(0), &multiplier(-1));
        let shift = |value| with(|body| body.shift[place] = value);
        pair("shift", operator(0), &shift(0), &shift(1));
        pair("shift", operator(0), &shift(-31), &shift(-32));
    }
    let left_shift = |value| with(|body| body.left_shift = value);
    pair("left_shift", operator(0), &left_shift(20), &left_shift(21));
    let range = |min, max| with(|body| (body.activation_min, body.activation_max) = (min, max));
    pair("activation_min", operator(0), &range(5, 5), &range(6, 5));
}
