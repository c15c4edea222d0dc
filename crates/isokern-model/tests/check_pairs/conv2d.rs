//! Pairs of `src/operators/conv2d.rs`: what a convolution checks of its own.

use crate::blob::Blob;
use crate::models::conv2d;
use crate::{operator, pair};
use isokern_model::layout::Layout;
use isokern_model::operators::dot_body::DotBody;

fn with(layout: Layout, change: impl FnOnce(&mut DotBody)) -> Blob {
    conv2d(layout).with(|blob| blob.body(0, change))
}

#[test]
fn body() {
    for layout in [Layout::Row, Layout::Packed] {
        let outputs = |count| with(layout, |body| body.outputs = count);
        pair("outputs", operator(0), &outputs(5), &outputs(4));
        pair("outputs", operator(0), &outputs(5), &outputs(0));
        let multiplier = |value| with(layout, |body| body.depth_multiplier = value);
        pair("depth_multiplier", operator(0), &multiplier(0), &multiplier(1));
        let groups = |count| with(layout, |body| body.groups = count);
        pair("groups", operator(0), &groups(0), &groups(1));
        let zero_point = |value| with(layout, |body| body.weight_zero_point = value);
        pair("weight_zero_point", operator(0), &zero_point(0), &zero_point(1));
        pair("weight_zero_point", operator(0), &zero_point(0), &zero_point(-1));
    }
}

/// Checks a convolution of 6 to 4 channels, in groups that divide both or only one of them.
#[test]
fn groups() {
    for layout in [Layout::Row, Layout::Packed] {
        let model = crate::models::grouped(layout);
        let groups =
            |count| model.with(|blob| blob.body(0, |body: &mut DotBody| body.groups = count));
        pair("groups", operator(0), &groups(2), &groups(3));
        pair("groups", operator(0), &groups(2), &groups(4));
    }
}
