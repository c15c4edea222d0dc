//! Pairs of `src/check.rs`: work, multiply-accumulates and kinds of the whole model.

use crate::models::{activation, copy, draft, encoded, fully_connected};
use crate::{header, pair};
use isokern_model::encode::DraftOp;
use isokern_model::geometry::Window;
use isokern_model::layout::Layout;
use isokern_model::operators::pool::{Pool, PoolBody};

#[test]
fn p14_work_has_a_cap() {
    // 64 values of a pool with 32767 * 32769 = 2^30 - 1 cells, then a copy.
    let window = Window {
        kernel_height: 32_767,
        kernel_width: 32_769,
        stride_height: 1,
        stride_width: 1,
        dilation_height: 1,
        dilation_width: 1,
        pad_top: 0,
        pad_left: 0,
    };
    let body = PoolBody { window, activation_max: 127, ..PoolBody::default() };
    let pool = DraftOp::new::<Pool>(&body, &[0], &[1]);
    let image = |offset| activation(&[1, 1, 1, 64], offset);
    let tensors = vec![image(0), image(64), activation(&[64], 128), activation(&[64], 256)];
    let draft = draft(tensors, vec![pool, copy(2, 3)], &[0, 2], &[1, 3]);
    let model = encoded(&draft, Layout::Row);
    let copied = |bytes| {
        model.with(|blob| {
            blob.header(|header| header.arena_bytes = 512);
            blob.size(2, &[bytes]);
            blob.size(3, &[bytes]);
        })
    };
    pair("work", header, &copied(64), &copied(65));
}

#[test]
fn totals() {
    let model = fully_connected(Layout::Packed);
    // Two rows of 5 outputs of 6 terms.
    let macs = |low, high| {
        model.with(|blob| {
            blob.header(|header| (header.macs_low, header.macs_high) = (low, high));
        })
    };
    pair("macs", header, &macs(60, 0), &macs(61, 0));
    pair("macs", header, &macs(60, 0), &macs(60, 1));
    let set =
        |word, bit: u32| model.with(|blob| blob.header(|header| header.operator_set[word] ^= bit));
    pair("operator_set", header, &set(0, 0), &set(0, 1 << 1));
    pair("operator_set", header, &set(0, 0), &set(0, 1 << 3));
    pair("operator_set", header, &set(0, 0), &set(3, 1 << 31));
}
