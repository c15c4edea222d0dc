//! Pairs of `src/operators/reshape.rs`: the same bytes under another shape.

use crate::models::reshape;
use crate::{operator, pair};

#[test]
fn tensors_and_constants() {
    let model = reshape();
    let dtype = |code| model.with(|blob| blob.tensor(1, |record| record.dtype = code));
    pair("output", operator(0), &dtype(1), &dtype(2));
    let size = |bytes| model.with(|blob| blob.size(1, &[bytes]));
    pair("output", operator(0), &size(12), &size(11));
    let constants =
        |count| model.with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &constants(0), &constants(1));
}
