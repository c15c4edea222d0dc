//! Pairs of `src/operators/softmax.rs`: what a softmax checks of its own.

use crate::blob::Blob;
use crate::models::softmax;
use crate::{operator, pair};
use isokern_model::operators::softmax::SoftmaxBody;

fn with(change: impl FnOnce(&mut SoftmaxBody)) -> Blob {
    softmax().with(|blob| blob.body(0, change))
}

#[test]
fn body_and_tensors() {
    let model = softmax();
    let constants =
        |count| model.with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &constants(0), &constants(1));
    let size = |sizes: &[u32]| model.with(|blob| blob.size(1, sizes));
    pair("output", operator(0), &size(&[2, 5]), &size(&[5, 2]));
    let multiplier = |value| with(|body| body.multiplier = value);
    pair("multiplier", operator(0), &multiplier(0), &multiplier(-1));
    let left_shift = |value| with(|body| body.left_shift = value);
    pair("left_shift", operator(0), &left_shift(31), &left_shift(32));
    pair("left_shift", operator(0), &left_shift(0), &left_shift(-1));
    let diff_min = |value| with(|body| body.diff_min = value);
    pair("diff_min", operator(0), &diff_min(0), &diff_min(1));
}
