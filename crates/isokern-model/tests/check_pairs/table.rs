//! Pairs of `src/operators.rs`: what operators of all kinds, and all windows, have in common.

use crate::blob::Blob;
use crate::models::{add, conv2d, dead_end, pool, reshape};
use crate::{operator, pair};
use isokern_model::geometry::Window;
use isokern_model::layout::Layout;
use isokern_model::operators::pool::PoolBody;

#[test]
fn counts() {
    // Lists: inputs 0 and 1, output 2, from 0 and 1 to 2.
    let model = add();
    let inputs = |lists: &[u16], count| {
        model.with(|blob| {
            blob.relist(lists);
            blob.operator(0, |record| record.input_count = count);
        })
    };
    let last = inputs(&[0, 1, 2, 0, 1, 2], 2);
    pair("input_count", operator(0), &last, &inputs(&[0, 1, 2, 0, 2], 1));
    pair("input_count", operator(0), &last, &inputs(&[0, 1, 2, 0, 1, 0, 2], 3));
    let outputs = |lists: &[u16], count| {
        reshape().with(|blob| {
            blob.relist(lists);
            blob.operator(0, |record| record.output_count = count);
        })
    };
    let last = outputs(&[0, 1, 0, 1], 1);
    pair("output_count", operator(0), &last, &outputs(&[0, 1, 0, 1, 1], 2));
    let scratch = |lists: &[u16], count| {
        dead_end().with(|blob| {
            blob.relist(lists);
            blob.operator(0, |record| record.scratch_count = count);
        })
    };
    let last = scratch(&[0, 0, 0, 1], 0);
    pair("scratch_count", operator(0), &last, &scratch(&[0, 0, 0, 1, 1], 1));
}

#[test]
fn element_type_and_body() {
    let model = add();
    for index in 0..3 {
        let dtype = |code| model.with(|blob| blob.tensor(index, |record| record.dtype = code));
        pair("dtype", operator(0), &dtype(1), &dtype(2));
    }
    // 20 bytes of body, 5 words.
    let word =
        |place, value| model.with(|blob| blob.operator(0, |record| record.body[place] = value));
    pair("body", operator(0), &word(5, 0), &word(5, 1));
    pair("body", operator(0), &word(12, 0), &word(12, 1 << 31));
}

#[test]
fn images() {
    let model = pool();
    let rank = |index, rank| model.with(|blob| blob.tensor(index, |record| record.rank = rank));
    pair("input", operator(0), &rank(0, 4), &rank(0, 5));
    pair("output", operator(0), &rank(1, 4), &rank(1, 5));
    let images = |sizes: &[u32]| {
        model.with(|blob| {
            blob.size(1, sizes);
            blob.header(|header| header.arena_bytes = 256);
        })
    };
    pair("output", operator(0), &images(&[2, 2, 2, 3]), &images(&[1, 2, 2, 3]));
    pair("output", operator(0), &images(&[2, 2, 2, 3]), &images(&[3, 2, 2, 3]));
}

/// Returns a window over the 4x4 cells of [`pool`], for 2x2 outputs.
fn pool_with(change: impl FnOnce(&mut Window)) -> Blob {
    pool().with(|blob| blob.body(0, |body: &mut PoolBody| change(&mut body.window)))
}

#[test]
fn rows() {
    let kernel = |cells| pool_with(|window| window.kernel_height = cells);
    pair("window", operator(0), &kernel(1), &kernel(0));
    let stride = |cells| pool_with(|window| window.stride_height = cells);
    pair("window", operator(0), &stride(1), &stride(0));
}

#[test]
fn columns() {
    let kernel = |cells| pool_with(|window| window.kernel_width = cells);
    pair("window", operator(0), &kernel(1), &kernel(0));
    let stride = |cells| pool_with(|window| window.stride_width = cells);
    pair("window", operator(0), &stride(1), &stride(0));
}

#[test]
fn p14_padding_is_less_than_the_extent() {
    // 2x2 windows.
    let top = |cells| pool_with(|window| window.pad_top = cells);
    pair("window", operator(0), &top(1), &top(2));
    let left = |cells| pool_with(|window| window.pad_left = cells);
    pair("window", operator(0), &left(1), &left(2));
}

#[test]
fn p14_the_last_window_starts_inside() {
    // The second window starts at cell 3 of 4.
    let down = |stride| pool_with(|window| window.stride_height = stride);
    pair("window", operator(0), &down(3), &down(4));
    let across = |stride| pool_with(|window| window.stride_width = stride);
    pair("window", operator(0), &across(3), &across(4));
    let padded = |stride| pool_with(|window| (window.pad_top, window.stride_height) = (1, stride));
    pair("window", operator(0), &padded(4), &padded(5));
    let padded = |stride| pool_with(|window| (window.pad_left, window.stride_width) = (1, stride));
    pair("window", operator(0), &padded(4), &padded(5));
}

/// Returns a 3x3 window over the 4x4 cells of [`conv2d`], for 4x4 outputs.
fn conv2d_with(change: impl FnOnce(&mut Window)) -> Blob {
    conv2d(Layout::Row).with(|blob| blob.body(0, change))
}

#[test]
fn dilated_windows() {
    // A 3x3 kernel with two cells from one to the next reaches over 5: 4 may be padding.
    let rows = |dilation, pad| {
        conv2d_with(|window| (window.dilation_height, window.pad_top) = (dilation, pad))
    };
    pair("window", operator(0), &rows(2, 4), &rows(2, 5));
    pair("window", operator(0), &rows(1, 0), &rows(0, 0));
    let columns = |dilation, pad| {
        conv2d_with(|window| (window.dilation_width, window.pad_left) = (dilation, pad))
    };
    pair("window", operator(0), &columns(2, 4), &columns(2, 5));
    pair("window", operator(0), &columns(1, 0), &columns(0, 0));
}
