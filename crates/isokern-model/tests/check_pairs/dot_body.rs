//! Pairs of `src/operators/dot_body.rs`: weights, biases and scales of all dot products.

use crate::blob::Blob;
use crate::models::{conv2d, depthwise_conv2d, fully_connected, with_spare_constant};
use crate::{operator, pair};
use isokern_model::layout::Layout;
use isokern_model::operators::dot_body::DotBody;

/// Returns models with their outputs.
fn models() -> Vec<(Blob, u32)> {
    let of =
        |layout| [(conv2d(layout), 5), (depthwise_conv2d(layout), 6), (fully_connected(layout), 5)];
    [of(Layout::Row), of(Layout::Packed)].concat()
}

/// Returns a model with a constant of another length.
fn resized(model: &Blob, constant: usize, bytes: u32) -> Blob {
    model.with(|blob| blob.constant_record(constant, |record| record.bytes = bytes))
}

/// Returns a model that says it has another number of constants.
fn recounted(model: &Blob, count: u8) -> Blob {
    model.with(|blob| blob.operator(0, |record| record.constant_count = count))
}

#[test]
fn range_and_scales() {
    for (model, outputs) in models() {
        let range = |min, max| {
            model.with(|blob| {
                blob.body(0, |body: &mut DotBody| {
                    (body.activation_min, body.activation_max) = (min, max);
                });
            })
        };
        pair("activation_min", operator(0), &range(-7, -7), &range(-6, -7));
        let reserved =
            |value| model.with(|blob| blob.body(0, |body: &mut DotBody| body.reserved = value));
        pair("body", operator(0), &reserved(0), &reserved(1));
        let scales = |count| {
            let shared = resized(&resized(&model, 2, 4 * count), 3, count);
            shared.with(|blob| blob.body(0, |body: &mut DotBody| body.scale_count = count))
        };
        pair("scale_count", operator(0), &scales(1), &scales(0));
        pair("scale_count", operator(0), &scales(1), &scales(2));
        pair("scale_count", operator(0), &scales(outputs), &scales(outputs - 1));
    }
}

#[test]
fn groups_of_kinds_without() {
    for layout in [Layout::Row, Layout::Packed] {
        for model in [depthwise_conv2d(layout), fully_connected(layout)] {
            let groups =
                |count| model.with(|blob| blob.body(0, |body: &mut DotBody| body.groups = count));
            pair("groups", operator(0), &groups(0), &groups(1));
        }
    }
}

#[test]
fn biases_multipliers_shifts() {
    for (model, outputs) in models() {
        let bias = |bytes| resized(&model, 1, bytes);
        pair("bias", operator(0), &bias(outputs * 4), &bias(outputs * 4 - 4));
        pair("bias", operator(0), &bias(outputs * 4), &bias(outputs * 4 - 1));
        let multipliers = |bytes| resized(&model, 2, bytes);
        pair("multiplier", operator(0), &multipliers(outputs * 4), &multipliers(outputs * 4 - 4));
        let multiplier = |value: i32| model.with(|blob| blob.value(2, 4, value));
        pair("multiplier", operator(0), &multiplier(0), &multiplier(-1));
        let shifts = |bytes| resized(&model, 3, bytes);
        pair("shift", operator(0), &shifts(outputs), &shifts(outputs - 1));
        let shift = |value: i8| model.with(|blob| blob.value(3, 4, value));
        pair("shift", operator(0), &shift(30), &shift(31));
        pair("shift", operator(0), &shift(-31), &shift(-32));
    }
}

#[test]
fn weights_in_rows() {
    for (model, bytes) in [(conv2d(Layout::Row), 135), (fully_connected(Layout::Row), 30)] {
        let weights = |bytes| resized(&model, 0, bytes);
        pair("weights", operator(0), &weights(bytes), &weights(bytes - 1));
        let model = with_spare_constant(&model);
        pair("constant_count", operator(0), &recounted(&model, 4), &recounted(&model, 5));
    }
}

#[test]
fn packed_weights() {
    // Rows of 12 terms (9 and 3 of padding) and of 8 (6 and 2), each for 16 outputs (5 and 11).
    let models = [
        (conv2d(Layout::Packed), 576, 27, [20, 513, 575]),
        (fully_connected(Layout::Packed), 128, 6, [66, 67, 127]),
    ];
    for (model, bytes, terms, padding) in models {
        let weights = |bytes| resized(&model, 0, bytes);
        pair("weights", operator(0), &weights(bytes), &weights(bytes - 1));
        pair("constant_count", operator(0), &recounted(&model, 5), &recounted(&model, 4));
        // A sum that is not there counts as 0, which is the true one here.
        let zeros = model.with(|blob| {
            (0..bytes as usize).for_each(|place| blob.value(0, place, 0_i8));
            (0..5).for_each(|output| blob.value(4, output, 0));
        });
        let sums = |bytes| resized(&zeros, 4, bytes);
        pair("weight_sums", operator(0), &sums(20), &sums(16));
        for place in padding {
            let pad = |value: i8| model.with(|blob| blob.value(0, place, value));
            pair("weights", operator(0), &pad(0), &pad(1));
        }
        let sum = |value: i32| model.with(|blob| blob.value(4, 4, value));
        pair("weight_sums", operator(0), &sum(terms), &sum(terms + 1));
        let weight = |value: i8| model.with(|blob| blob.value(0, 0, value));
        pair("weight_sums", operator(0), &weight(1), &weight(2));
    }
}

#[test]
fn weights_of_one_order() {
    for layout in [Layout::Row, Layout::Packed] {
        let model = depthwise_conv2d(layout);
        let weights = |bytes| resized(&model, 0, bytes);
        pair("weights", operator(0), &weights(54), &weights(53));
        pair("weights", operator(0), &weights(54), &weights(0));
        let model = with_spare_constant(&model);
        pair("constant_count", operator(0), &recounted(&model, 4), &recounted(&model, 5));
    }
}
