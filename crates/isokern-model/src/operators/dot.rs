//! Dot products of a stretch of activations with the weights of one output.

use core::cell::Cell;

use crate::layout::{GROUP_TERMS, Layout};
use crate::weights::Weights;

/// Returns the sum of `w * (x - zero_point)` over `xs`, which meet the terms from `first_term` of a
/// row of `output`'s weights.
#[cfg_attr(target_arch = "riscv32", inline(never))] // Once in firmware, whose flash is short.
#[cfg_attr(not(target_arch = "riscv32"), inline(always))]
pub(crate) fn dot(
    weights: &Weights<'_>,
    output: usize,
    (row, first_term): (usize, usize),
    xs: &[Cell<i8>],
    zero_point: i32,
) -> i32 {
    let (outputs, terms) = (weights.outputs, weights.terms);
    let index = |term| weights.layout.weight_index(outputs, terms, output, row, term);
    if weights.layout == Layout::Row {
        let ws = weights.values.get(index(first_term)..).unwrap_or(&[]);
        return sum(xs.iter().zip(ws.iter().copied()), zero_point);
    }
    // From the last term of a group to the first of the next: over all other outputs.
    let step = index(GROUP_TERMS) - index(GROUP_TERMS - 1);
    let mut next = index(first_term);
    let ws = (first_term + 1..).map(|term| {
        let weight = weights.values.get(next).copied().unwrap_or(0);
        next += if term % GROUP_TERMS == 0 { step } else { 1 };
        weight
    });
    sum(xs.iter().zip(ws), zero_point)
}

#[inline(always)]
fn sum<'x>(pairs: impl Iterator<Item = (&'x Cell<i8>, i8)>, zero_point: i32) -> i32 {
    pairs.fold(0, |sum: i32, (x, w)| {
        sum.wrapping_add((i32::from(x.get()) - zero_point) * i32::from(w))
    })
}
