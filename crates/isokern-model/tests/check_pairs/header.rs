//! Pairs of `src/check/header.rs`: identity, length, checksum, and where the sections are.

use crate::models::{activation, copy, draft, encoded, reshape, state};
use crate::{header, pair, pair_until};
use isokern_model::FormatError;
use isokern_model::header::{ARENA_BYTES_MAX, Header, OPERATORS_MAX, STATE_BYTES_MAX, TENSORS_MAX};
use isokern_model::layout::Layout;

#[test]
fn bytes_as_a_whole() {
    let model = reshape();
    let have = model.len();
    let length = |have| FormatError::Length { have, stated: model.len() };
    let too_short = |_| FormatError::TooShort { have: 127, need: 128 };
    pair_until("TooShort", too_short, (&model.cut(128), length(128)), &model.cut(127));
    let misaligned = |_| FormatError::Misaligned { need: 16 };
    pair("Misaligned", misaligned, &model.shifted(16), &model.shifted(15));
    pair("Misaligned", misaligned, &model, &model.shifted(4));
    pair("Length", |_| length(have - 1), &model, &model.cut(have - 1));

    let (stated, last) = (model.front().checksum, model.with(|_| {}));
    let changed = model.with(|blob| blob.header(|header| header.self_test_seed = 1));
    let first = changed.unsealed(|blob| blob.header(|header| header.checksum = stated));
    let checksum = |_| FormatError::Checksum { computed: changed.front().checksum, stated };
    pair("Checksum", checksum, &last, &first);
}

#[test]
fn identity() {
    let model = reshape();
    let with = |change: fn(&mut Header)| model.with(|blob| blob.header(change));
    pair("magic", header, &model, &with(|header| header.magic = *b"IKM\x1b"));
    for found in [1, 3] {
        let first = model.with(|blob| blob.header(|header| header.format_version = found));
        pair("Version", |_| FormatError::Version { found, read: 2 }, &model, &first);
    }
    let first = with(|header| header.profile = 2);
    pair("Profile", |_| FormatError::Profile { profile: 2, version: 1 }, &model, &first);
    let first = with(|header| header.profile_version = 2);
    pair("Profile", |_| FormatError::Profile { profile: 1, version: 2 }, &model, &first);
    // No weights: the bytes are the same in both layouts.
    pair("layout", header, &with(|header| header.layout = 1), &with(|header| header.layout = 2));
    pair("reserved", header, &model, &with(|header| header.reserved = 1));
    pair("reserved_word", header, &model, &with(|header| header.reserved_word = 1));
}

#[test]
fn counts() {
    let model = reshape();
    let chain = (1..TENSORS_MAX as u16).map(|output| copy(output - 1, output));
    let tensors = vec![activation(&[1], 0); TENSORS_MAX];
    let draft_of_most = draft(tensors, chain.collect(), &[0], &[TENSORS_MAX as u16 - 1]);
    let last = encoded(&draft_of_most, Layout::Row);
    let first = last.with(|blob| blob.header(|header| header.tensor_count += 1));
    pair("tensor_count", header, &last, &first);

    let tensors = vec![activation(&[1], 0), state(&[1], 0)];
    let mut writes = draft(tensors, vec![copy(0, 1); OPERATORS_MAX], &[0], &[0]);
    writes.state = vec![0];
    let last = encoded(&writes, Layout::Row);
    let first = last.with(|blob| blob.header(|header| header.operator_count += 1));
    pair("operator_count", header, &last, &first);

    let none = |change: fn(&mut Header)| model.with(|blob| blob.header(change));
    pair("operator_count", header, &model, &none(|header| header.operator_count = 0));
    pair("input_count", header, &model, &none(|header| header.input_count = 0));
    pair("output_count", header, &model, &none(|header| header.output_count = 0));

    let tensors = vec![activation(&[1], 0), activation(&[1], 1)];
    let repeated = draft(tensors, vec![copy(0, 1)], &[0], &[1; 1024]);
    let last = encoded(&repeated, Layout::Row);
    let first = last.with(|blob| blob.header(|header| header.output_count += 1));
    pair("output_count", header, &last, &first);
}

#[test]
fn places_of_sections() {
    let model = reshape();
    let with = |change: fn(&mut Header)| model.with(|blob| blob.header(change));
    for step in [1, 64] {
        let first = model.with(|blob| blob.header(|header| header.operators_offset += step));
        pair("operators_offset", header, &model, &first);
        let first = model.with(|blob| blob.header(|header| header.constants_offset += step));
        pair("constants_offset", header, &model, &first);
    }
    pair("constants_bytes", header, &model, &with(|header| header.constants_bytes += 1));
    let first = with(|header| header.constants_bytes = u32::MAX);
    pair("constants_bytes", header, &model, &first);
}

#[test]
fn sizes_of_memory() {
    let one_byte = draft(vec![activation(&[1], 0); 2], vec![copy(0, 1)], &[0], &[1]);
    let model = encoded(&one_byte, Layout::Row);
    let arena = |bytes| model.with(|blob| blob.header(|header| header.arena_bytes = bytes));
    let most = ARENA_BYTES_MAX as u32;
    pair("arena_bytes", header, &arena(most), &arena(most + 1));
    pair("arena_bytes", header, &arena(1), &arena(0));
    let state = |bytes| model.with(|blob| blob.header(|header| header.state_bytes = bytes));
    let most = STATE_BYTES_MAX as u32;
    pair("state_bytes", header, &state(most), &state(most + 1));
}
