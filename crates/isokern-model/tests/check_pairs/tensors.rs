//! Pairs of `src/check/tensors.rs`: types, sizes, places and lifetimes.

use crate::blob::Blob;
use crate::models::{dead_end, reshape, two_copies, with_state};
use crate::{pair, tensor};
use isokern_model::tensor::TensorRecord;

/// Returns [`reshape`] of elements of a type, whose code is the first of two numbers, its size the
/// other.
fn reshape_of((code, bytes): (u8, u32)) -> Blob {
    reshape().with(|blob| {
        blob.header(|header| header.arena_bytes = 256);
        for (index, offset) in [(0, 0), (1, 128)] {
            blob.tensor(index, |record| {
                (record.dtype, record.bytes, record.offset) = (code, 12 * bytes, offset);
            });
        }
    })
}

#[test]
fn element_types() {
    pair("dtype", tensor(0), &reshape_of((11, 4)), &reshape_of((13, 1)));
    pair("dtype", tensor(0), &reshape_of((11, 4)), &reshape_of((12, 8)));
    pair("dtype", tensor(0), &reshape_of((8, 8)), &reshape_of((9, 2)));
}

#[test]
fn sizes() {
    let model = reshape();
    let rank = |index, rank| model.with(|blob| blob.tensor(index, |record| record.rank = rank));
    pair("rank", tensor(0), &rank(0, 6), &rank(0, 7));
    pair("rank", tensor(1), &rank(1, 1), &rank(1, 0));
    let size = |sizes: &[u32]| model.with(|blob| blob.size(0, sizes));
    pair("dims", tensor(0), &size(&[1, 1, 1, 12]), &size(&[1, 1, 1, 0]));
    pair("dims", tensor(0), &size(&[1, 12]), &size(&[0, 12]));
    // Tensor 0 has rank 3, tensor 1 rank 1.
    pair("dims", tensor(0), &size(&[2, 2, 3]), &size(&[2, 1, 2, 3]));
    pair("dims", tensor(1), &rank(1, 1), &model.with(|blob| blob.size(1, &[2, 6])));
    let with = |change: fn(&mut TensorRecord)| model.with(|blob| blob.tensor(0, change));
    pair("bytes", tensor(0), &with(|record| record.bytes = 12), &with(|record| record.bytes = 13));
    pair("bytes", tensor(0), &reshape_of((3, 2)), &reshape_of((3, 1)));
    let first = with(|record| {
        (record.rank, record.dims, record.bytes) = (6, [u32::MAX; 6], 1);
    });
    pair("bytes", tensor(0), &model, &first);
}

#[test]
fn quantisation() {
    let model = reshape();
    let scale = |scale| model.with(|blob| blob.tensor(0, |record| record.scale = scale));
    pair("scale", tensor(0), &scale(f32::MAX), &scale(f32::INFINITY));
    pair("scale", tensor(0), &scale(f32::from_bits(1)), &scale(0.0));
    pair("scale", tensor(0), &scale(1.0), &scale(f32::NAN));
    let zero_point = |dtype, value| {
        reshape_of(dtype).with(|blob| blob.tensor(0, |record| record.zero_point = value))
    };
    let (i8, u8, i32) = ((1, 1), (2, 1), (5, 4));
    for (dtype, last, first) in
        [(i8, 127, 128), (i8, -128, -129), (u8, 255, 256), (u8, 0, -1), (i32, 0, 1), (i32, 0, -1)]
    {
        pair("zero_point", tensor(0), &zero_point(dtype, last), &zero_point(dtype, first));
    }
    let reserved = |value| model.with(|blob| blob.tensor(1, |record| record.reserved = value));
    pair("reserved", tensor(1), &reserved(0), &reserved(1));
}

#[test]
fn places() {
    let model = with_state();
    let region = |region| model.with(|blob| blob.tensor(1, |record| record.region = region));
    pair("region", tensor(1), &region(1), &region(2));
    let offset = |model: &Blob, index, offset| {
        model.with(|blob| blob.tensor(index, |record| record.offset = offset))
    };
    let two_bytes = reshape_of((3, 2));
    pair("offset", tensor(0), &offset(&two_bytes, 0, 2), &offset(&two_bytes, 0, 3));
    let eight_bytes = reshape_of((7, 8));
    pair("offset", tensor(1), &offset(&eight_bytes, 1, 136), &offset(&eight_bytes, 1, 140));
}

#[test]
fn p14_no_tensor_ends_behind_its_region() {
    let offset = |model: &Blob, index, offset| {
        model.with(|blob| blob.tensor(index, |record| record.offset = offset))
    };
    // 12 bytes of 28, and 6 of 6.
    let (arena, state) = (reshape(), with_state());
    pair("offset", tensor(1), &offset(&arena, 1, 16), &offset(&arena, 1, 17));
    pair("offset", tensor(1), &arena, &offset(&arena, 1, u32::MAX));
    pair("offset", tensor(1), &offset(&state, 1, 0), &offset(&state, 1, 1));
}

#[test]
fn lifetimes() {
    let last_step = |model: &Blob, index, step| {
        model.with(|blob| blob.tensor(index, |record| record.last_step = step))
    };
    pair("last_step", tensor(1), &last_step(&dead_end(), 1, 1), &last_step(&dead_end(), 1, 0));
    // One operator: the caller reads at step 2.
    pair("last_step", tensor(0), &last_step(&reshape(), 0, 2), &last_step(&reshape(), 0, 3));
    pair("last_step", tensor(1), &last_step(&reshape(), 1, 2), &last_step(&reshape(), 1, 1));
    let state = with_state();
    pair("last_step", tensor(1), &last_step(&state, 1, 3), &last_step(&state, 1, 2));

    let first_step = |model: &Blob, index, step| {
        model.with(|blob| blob.tensor(index, |record| record.first_step = step))
    };
    pair("first_step", tensor(1), &first_step(&state, 1, 0), &first_step(&state, 1, 1));
    pair("first_step", tensor(0), &first_step(&reshape(), 0, 0), &first_step(&reshape(), 0, 1));
    let model = two_copies();
    pair("first_step", tensor(1), &first_step(&model, 1, 1), &first_step(&model, 1, 0));
    pair("first_step", tensor(1), &first_step(&model, 1, 1), &first_step(&model, 1, 2));
    let at_the_end = first_step(&model, 2, 3);
    pair("first_step", tensor(2), &first_step(&model, 2, 2), &at_the_end);

    let root = |model: &Blob, index, root| {
        model.with(|blob| blob.tensor(index, |record| record.root = root))
    };
    pair("root", tensor(1), &root(&state, 1, 1), &root(&state, 1, 0));
    pair("root", tensor(0), &root(&reshape(), 0, 0), &root(&reshape(), 0, 1));
}
