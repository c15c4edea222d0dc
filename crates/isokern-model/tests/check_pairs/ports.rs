//! Pairs of `src/check/ports.rs`: the inputs and outputs of the model, and their names.

use crate::models::{activation, add, copy, draft, encoded, in_place, reshape, with_state};
use crate::{header, pair};
use isokern_model::encode::DraftPort;
use isokern_model::layout::Layout;

#[test]
fn inputs() {
    let model = with_state();
    let input = |index| model.with(|blob| blob.listed(0, index));
    pair("inputs", header, &input(0), &input(1));
    pair("inputs", header, &input(0), &input(3));
    let model = add();
    let second = |index| model.with(|blob| blob.listed(1, index));
    pair("inputs", header, &second(1), &second(0));
}

#[test]
fn outputs() {
    let model = with_state();
    let output = |index| model.with(|blob| blob.listed(1, index));
    pair("outputs", header, &output(2), &output(1));
    pair("outputs", header, &output(2), &output(3));
}

#[test]
fn outputs_together() {
    let model = in_place().with(|blob| {
        blob.header(|header| header.output_count = 2);
        blob.relist(&[0, 1, 1, 0, 1]);
        blob.operator(0, |record| record.list_start = 3);
    });
    let of_bytes = |bytes| {
        model.with(|blob| {
            blob.size(0, &[bytes]);
            blob.size(1, &[bytes]);
            blob.header(|header| header.arena_bytes = bytes);
        })
    };
    pair("outputs", header, &of_bytes(1 << 27), &of_bytes((1 << 27) + 1));

    // So many that their sum does not fit into 32 bits.
    let tensors = vec![activation(&[1 << 24], 0); 2];
    let many = |count| {
        let mut draft = draft(tensors.clone(), vec![copy(0, 1)], &[0], &[1]);
        draft.outputs = vec![DraftPort::new(1, ""); count];
        draft
    };
    let last = encoded(&many(16), Layout::Row);
    let first = last.with(|blob| {
        blob.header(|header| header.output_count = 17);
        blob.relist(&[&[0; 1], &[1; 17][..], &[0, 1]].concat());
        blob.operator(0, |record| record.list_start = 18);
    });
    pair("outputs", header, &last, &first);
}

#[test]
fn names() {
    // Two names without letters take two bytes.
    let model = reshape();
    let names = |bytes| model.with(|blob| blob.header(|header| header.names_bytes = bytes));
    pair("names", header, &names(2), &names(1));
    pair("names_bytes", header, &names(2), &names(3));
    let mut tensors = draft(vec![activation(&[1], 0); 2], vec![copy(0, 1)], &[0], &[1]);
    tensors.outputs = vec![DraftPort::new(1, "ab")];
    let model = encoded(&tensors, Layout::Row);
    let names = |bytes| model.with(|blob| blob.header(|header| header.names_bytes = bytes));
    pair("names", header, &names(4), &names(3));
}
