//! Pairs of `src/operators/broadcast.rs`: operands that repeat.

use crate::blob::Blob;
use crate::models::{binary, with_spare_constant};
use crate::{operator, pair};
use isokern_model::operators::binary::BinaryBody;

fn with(change: impl FnOnce(&mut BinaryBody)) -> Blob {
    binary().with(|blob| blob.body(0, change))
}

#[test]
fn constants() {
    let constants = |mask| with(|body| body.constants = mask);
    pair("constants", operator(0), &constants(0b10), &constants(0b110));
    pair("constants", operator(0), &constants(0b10), &constants(0b00));
    pair("constants", operator(0), &constants(0b10), &constants(0b11));
    let model = with_spare_constant(&binary());
    let count = |count| model.with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &count(1), &count(0));
    pair("constant_count", operator(0), &count(1), &count(2));
}

#[test]
fn dims() {
    let dims = |dims| with(|body| body.dims = dims);
    pair("dims", operator(0), &dims([1, 1, 1, 1, 2, 3]), &dims([1, 1, 1, 1, 2, 4]));
    pair("dims", operator(0), &dims([1, 1, 1, 1, 2, 3]), &dims([0, 1, 1, 1, 2, 3]));
    // The product, less what 32 bits hold, is the right one.
    let wrapping = dims([1 << 31, 2, 1, 1, 2, 3]);
    pair("dims", operator(0), &dims([1, 1, 1, 1, 2, 3]), &wrapping);
    let repeats = |mask| with(|body| body.repeats[1] = mask);
    pair("repeats", operator(0), &repeats(1 << 4), &repeats(1 << 4 | 1 << 6));
}
