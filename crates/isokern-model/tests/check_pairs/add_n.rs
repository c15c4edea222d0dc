//! Pairs of `src/operators/add_n.rs`: the sum of any number of tensors.

use crate::blob::Blob;
use crate::models::add_n;
use crate::{operator, pair};
use isokern_model::operators::add_n::AddNBody;

fn with(change: impl FnOnce(&mut AddNBody)) -> Blob {
    add_n().with(|blob| blob.body(0, change))
}

#[test]
fn tensors_and_body() {
    let constants =
        |count| add_n().with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &constants(0), &constants(1));
    let size = |index, sizes: &[u32]| add_n().with(|blob| blob.size(index, sizes));
    pair("input", operator(0), &size(0, &[2, 3]), &size(0, &[3, 2]));
    pair("input", operator(0), &size(1, &[2, 3]), &size(1, &[3, 2]));
    let reserved = |value| with(|body| body.reserved = value);
    pair("body", operator(0), &reserved(0), &reserved(1));
    let multiplier = |value| with(|body| body.multiplier = value);
    pair("multiplier", operator(0), &multiplier(0), &multiplier(-1));
    let shift = |value| with(|body| body.shift = value);
    pair("shift", operator(0), &shift(30), &shift(31));
    pair("shift", operator(0), &shift(-31), &shift(-32));
    let left_shift = |value| with(|body| body.left_shift = value);
    pair("left_shift", operator(0), &left_shift(20), &left_shift(21));
}
