//! Pairs of `src/operators/pool.rs`: what a pool checks of its own.

use crate::blob::Blob;
use crate::models::pool;
use crate::{operator, pair};
use isokern_model::operators::pool::PoolBody;

fn with(change: impl FnOnce(&mut PoolBody)) -> Blob {
    pool().with(|blob| blob.body(0, change))
}

#[test]
fn body_and_tensors() {
    let constants =
        |count| pool().with(|blob| blob.operator(0, |record| record.constant_count = count));
    pair("constant_count", operator(0), &constants(0), &constants(1));
    let operation = |code| with(|body| body.operation = code);
    pair("operation", operator(0), &operation(1), &operation(2));
    let reserved = |value| with(|body| body.reserved = value);
    pair("body", operator(0), &reserved(0), &reserved(1));
    let size = |sizes: &[u32]| pool().with(|blob| blob.size(1, sizes));
    pair("output", operator(0), &size(&[2, 1, 2, 3]), &size(&[2, 1, 2, 4]));
    let rows = |cells| with(|body| body.window.dilation_height = cells);
    pair("window", operator(0), &rows(1), &rows(2));
    let columns = |cells| with(|body| body.window.dilation_width = cells);
    pair("window", operator(0), &columns(1), &columns(2));
    let range = |min, max| with(|body| (body.activation_min, body.activation_max) = (min, max));
    pair("activation_min", operator(0), &range(-3, -3), &range(-2, -3));
}
