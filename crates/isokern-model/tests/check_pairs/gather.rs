//! Pairs of `src/operators/gather.rs`: blocks picked by indices.

use crate::blob::Blob;
use crate::models::gathered;
use crate::{operator, pair};
use isokern_model::operators::gather::GatherBody;

fn with(change: impl FnOnce(&mut GatherBody)) -> Blob {
    gathered().with(|blob| blob.body(0, change))
}

#[test]
fn types_and_numbers() {
    let dtype = |code| gathered().with(|blob| blob.tensor(0, |record| record.dtype = code));
    pair("dtype", operator(0), &dtype(1), &dtype(2));
    let reserved = |last| with(|body| body.reserved = [0, last]);
    pair("body", operator(0), &reserved(0), &reserved(1));
    let numbers = |numbers| with(|body| body.numbers = numbers);
    pair("numbers", operator(0), &numbers(1), &numbers(0));
    pair("numbers", operator(0), &numbers(1), &numbers(6));
    let steps = |steps| with(|body| body.steps = steps);
    // All indices are 0 with the step 0.
    pair("steps", operator(0), &steps([0; 5]), &steps([4, 0, 0, 0, 0]));
    pair("steps", operator(0), &steps([1, 0, 0, 0, 0]), &steps([1, 0, 0, 0, 1]));
}

#[test]
fn sizes() {
    let count = |count| with(|body| body.count = count);
    pair("dims", operator(0), &count(4), &count(5));
    // A product that is the length but for what a word holds.
    pair("dims", operator(0), &count(4), &with(|body| body.batches = 1 << 31));
    let choices = |choices| with(|body| body.choices = choices);
    pair("source", operator(0), &choices(3), &choices(4));
    // As many values, in half as many lists of twice as many indices.
    let lists = |repeats, count| with(|body| (body.repeats, body.count) = (repeats, count));
    pair("source", operator(0), &lists(2, 4), &lists(1, 8));
}

#[test]
fn indices() {
    let index = |index: i32| gathered().with(|blob| blob.value(0, 3, index));
    pair("indices", operator(0), &index(2), &index(3));
    pair("indices", operator(0), &index(0), &index(-1));
    // Twice as many are needed.
    let batches = |batches, repeats| with(|body| (body.batches, body.repeats) = (batches, repeats));
    pair("indices", operator(0), &batches(1, 2), &batches(2, 1));
}
