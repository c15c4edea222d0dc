//! Pairs of `src/operators/fully_connected.rs`: what a fully connected operator checks of its own.

use crate::blob::Blob;
use crate::models::fully_connected;
use crate::{operator, pair};
use isokern_model::layout::Layout;
use isokern_model::operators::dot_body::DotBody;

fn with(layout: Layout, change: impl FnOnce(&mut DotBody)) -> Blob {
    fully_connected(layout).with(|blob| blob.body(0, change))
}

#[test]
fn body_and_tensors() {
    for layout in [Layout::Row, Layout::Packed] {
        let kernel = |rows| with(layout, |body| body.window.kernel_height = rows);
        pair("window", operator(0), &kernel(0), &kernel(1));
        let multiplier = |value| with(layout, |body| body.depth_multiplier = value);
        pair("depth_multiplier", operator(0), &multiplier(0), &multiplier(1));
        let outputs = |count| with(layout, |body| body.outputs = count);
        for first in [0, 4, 10] {
            pair("outputs", operator(0), &outputs(5), &outputs(first));
        }
        // Two rows of 6 values, or in another shape; never two and a half.
        let size = |sizes: &[u32]| fully_connected(layout).with(|blob| blob.size(0, sizes));
        pair("input", operator(0), &size(&[4, 3]), &size(&[1, 13]));
        let zero_point = |value| with(layout, |body| body.weight_zero_point = value);
        pair("weight_zero_point", operator(0), &zero_point(127), &zero_point(128));
        pair("weight_zero_point", operator(0), &zero_point(-128), &zero_point(-129));
    }
}
