//! Pairs of `src/check/constants.rs`: the places of constants, and the state's initial contents.

use crate::models::{activation, conv2d, copy, draft, encoded, state, with_state};
use crate::{header, pair};
use isokern_model::FormatError;
use isokern_model::layout::Layout;

fn constant(index: u16) -> impl Fn(&'static str) -> FormatError {
    move |_| FormatError::Constant { index }
}

#[test]
fn places() {
    // 135 weights from the start of the section, then 5 biases from the next multiple of 4.
    let model = conv2d(Layout::Row);
    let start = model.front().constants_offset;
    let offset = |index, offset| {
        model.with(|blob| blob.constant_record(index, |record| record.offset = offset))
    };
    pair("Constant", constant(0), &offset(0, start), &offset(0, start - 4));
    pair("Constant", constant(1), &offset(1, start + 136), &offset(1, start + 132));
    pair("Constant", constant(1), &offset(1, start + 136), &offset(1, start + 138));
    // The last constant ends where the blob does; none reaches past 2^32.
    let end = start + model.front().constants_bytes;
    let last_bytes =
        |bytes| model.with(|blob| blob.constant_record(3, |record| record.bytes = bytes));
    assert_eq!(end as usize, model.len());
    pair("Constant", constant(3), &last_bytes(5), &last_bytes(6));
    pair("Constant", constant(3), &last_bytes(5), &last_bytes(u32::MAX));
    pair("Constant", constant(3), &model, &offset(3, u32::MAX - 3));
}

#[test]
fn initial_state() {
    let model = with_state();
    let bytes = |bytes| model.with(|blob| blob.constant_record(0, |record| record.bytes = bytes));
    pair("state_constant", header, &bytes(6), &bytes(5));
    let index = |index| model.with(|blob| blob.header(|header| header.state_constant = index));
    pair("state_constant", header, &index(0), &index(1));
    // One byte is the least: no state has no contents.
    let tensors = vec![activation(&[1], 0), state(&[1], 0)];
    let mut one_byte = draft(tensors, vec![copy(0, 1)], &[0], &[0]);
    one_byte.state = vec![9];
    let last = encoded(&one_byte, Layout::Row);
    let first = last.with(|blob| {
        blob.header(|header| header.state_bytes = 0);
        blob.constant_record(0, |record| record.bytes = 0);
    });
    pair("state_constant", header, &last, &first);
}
