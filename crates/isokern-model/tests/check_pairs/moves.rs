//! Pairs of `src/operators/moves.rs`: an output of boxes.

use crate::blob::Blob;
use crate::models::{in_pieces, moved, transposed, with_spare_constant};
use crate::{operator, pair};
use isokern_model::operators::moves::{MoveBody, PIECES_MAX};

/// Words of a piece of one axis, and of two.
const WORDS: [usize; 2] = [5, 8];

/// Returns [`moved`] with another word of its pieces: source, start, and for each of two axes first
/// place, size and stride; then the second piece.
fn word(at: usize, to: u32) -> Blob {
    moved().with(|blob| blob.value(0, at, to))
}

#[test]
fn tensors_and_constants() {
    let dtype = |code| moved().with(|blob| blob.tensor(0, |record| record.dtype = code));
    pair("input", operator(0), &dtype(1), &dtype(2));
    let count =
        |count| move |blob: &mut Blob| blob.operator(0, |record| record.constant_count = count);
    let model = with_spare_constant(&moved());
    pair("constant_count", operator(0), &model.with(count(2)), &model.with(count(3)));
    let model = transposed();
    pair("constant_count", operator(0), &model.with(count(1)), &model.with(count(0)));
}

#[test]
fn view() {
    let rank = |model: &Blob, rank| {
        model.with(|blob| blob.body(0, |body: &mut MoveBody| body.rank = rank))
    };
    pair("rank", operator(0), &rank(&transposed(), 6), &rank(&transposed(), 7));
    let single = in_pieces(1, 0);
    pair("rank", operator(0), &rank(&single, 1), &rank(&single, 0));
    let dims = |dims| moved().with(|blob| blob.body(0, |body: &mut MoveBody| body.dims = dims));
    let last = dims([1, 1, 1, 1, 2, 4]);
    pair("dims", operator(0), &last, &dims([1, 1, 1, 1, 2, 5]));
    // As many elements, but not all of them in the two dimensions there are.
    pair("dims", operator(0), &last, &dims([1, 1, 1, 2, 1, 4]));
    // A product that is the number of elements but for what a word holds.
    pair("dims", operator(0), &last, &dims([1, 1, 1 << 16, 1 << 16, 2, 4]));
}

#[test]
fn number_of_pieces() {
    let bytes = |blob: &mut Blob, bytes: usize| {
        blob.constant_record(0, |record| record.bytes = bytes as u32);
    };
    let last = in_pieces(PIECES_MAX as u32, 64);
    let first = last.with(|blob| {
        let extra = 4 * WORDS[0] as u32;
        blob.constant_record(0, |record| record.bytes += extra);
        blob.constant_record(1, |record| {
            record.offset += extra;
            record.bytes -= extra;
        });
    });
    pair("pieces", operator(0), &last, &first);
    let single = in_pieces(1, 0);
    pair("pieces", operator(0), &single, &single.with(|blob| bytes(blob, 0)));
    // Nothing is left over after the last whole one.
    let two = in_pieces(2, 0);
    pair("pieces", operator(0), &two, &two.with(|blob| bytes(blob, 4 * (2 * WORDS[0] - 1))));
    // They are as many elements as the output.
    pair("pieces", operator(0), &two, &two.with(|blob| bytes(blob, 4 * WORDS[0])));
}

#[test]
fn boxes() {
    let second = WORDS[1];
    for (axis, size) in [(2, 2), (5, 3)] {
        let places = |places| word(axis + 1, places);
        pair("box", operator(0), &places(size), &places(0));
        pair("box", operator(0), &places(size), &places(u32::MAX));
    }
    let column = |first| word(second + 5, first);
    // The fourth column is inside, and the third in the other piece.
    pair("box", operator(0), &column(3), &column(4));
    pair("box", operator(0), &column(3), &column(2));
}

#[test]
fn sources() {
    // Input 0, and the constant after it.
    let source = |number| word(WORDS[1], number);
    pair("source", operator(0), &source(1), &source(2));
    pair("source", operator(0), &source(1), &source(u32::MAX));
    // The last of 6 elements is read, none after it.
    let start = |start| word(1, start);
    pair("start", operator(0), &start(0), &start(1));
    let stride = |stride: i32| word(4, stride.cast_unsigned());
    pair("start", operator(0), &stride(3), &stride(4));
    // Backwards, the first is read, and none before it.
    let back = |start| {
        moved().with(|blob| {
            blob.value(0, 1, start);
            blob.value(0, 7, (-1_i32).cast_unsigned());
        })
    };
    pair("start", operator(0), &back(2), &back(1));
    // The constant has one element.
    let start = |start| word(WORDS[1] + 1, start);
    pair("start", operator(0), &start(0), &start(1));
}
