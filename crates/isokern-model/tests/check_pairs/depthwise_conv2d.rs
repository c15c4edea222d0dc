//! Pairs of `src/operators/depthwise_conv2d.rs`: what a depthwise convolution checks of its own.

use crate::blob::Blob;
use crate::models::depthwise_conv2d;
use crate::{operator, pair};
use isokern_model::layout::Layout;
use isokern_model::operators::dot_body::DotBody;

fn with(layout: Layout, change: impl FnOnce(&mut DotBody)) -> Blob {
    depthwise_conv2d(layout).with(|blob| blob.body(0, change))
}

#[test]
fn body() {
    for layout in [Layout::Row, Layout::Packed] {
        let outputs = |count| with(layout, |body| body.outputs = count);
        pair("outputs", operator(0), &outputs(6), &outputs(5));
        pair("outputs", operator(0), &outputs(6), &outputs(0));
        // 6 outputs of 2 channels.
        let multiplier = |value| with(layout, |body| body.depth_multiplier = value);
        for first in [0, 2, 4] {
            pair("depth_multiplier", operator(0), &multiplier(3), &multiplier(first));
        }
        let zero_point = |value| with(layout, |body| body.weight_zero_point = value);
        pair("weight_zero_point", operator(0), &zero_point(0), &zero_point(1));
    }
}
