//! Dot products of a stretch of activations with the weights of one output.

use core::cell::Cell;

use isokern_model::layout::Layout;
use isokern_model::op::Weights;

/// Sum of `w * (x - zero_point)` over `xs`, the weights being terms `first_term..`
/// of `output`.
#[inline]
pub(crate) fn dot(
    weights: &Weights<'_>,
    output: usize,
    first_term: usize,
    xs: &[Cell<i8>],
    zero_point: i32,
) -> i32 {
    match weights.layout {
        Layout::Packed => packed(weights, output, first_term, xs, zero_point),
        _ => row(weights, output, first_term, xs, zero_point),
    }
}

#[inline]
fn row(weights: &Weights<'_>, output: usize, first_term: usize, xs: &[Cell<i8>], zero: i32) -> i32 {
    let start = Layout::Row.weight_index(weights.outputs, weights.terms, output, first_term);
    let ws = weights.values.get(start..).unwrap_or(&[]);
    xs.iter().zip(ws).fold(0, |sum: i32, (x, w)| sum.wrapping_add(term(x, *w, zero)))
}

#[inline]
fn packed(
    weights: &Weights<'_>,
    output: usize,
    first_term: usize,
    xs: &[Cell<i8>],
    zero: i32,
) -> i32 {
    let weight = |k| {
        let index = Layout::Packed.weight_index(weights.outputs, weights.terms, output, k);
        weights.values.get(index).copied().unwrap_or(0)
    };
    let terms = xs.iter().zip(first_term..);
    terms.fold(0, |sum: i32, (x, k)| sum.wrapping_add(term(x, weight(k), zero)))
}

#[inline]
fn term(x: &Cell<i8>, w: i8, zero: i32) -> i32 {
    (i32::from(x.get()) - zero) * i32::from(w)
}
