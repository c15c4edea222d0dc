//! The greater and the lesser of two tensors, or of one and a constant.
//!
//! So little is computed for each pair that choosing what to do for every tile, as the plain loop
//! does, takes as long again.

use isokern_core::Cells;
use isokern_model::Memory;
use isokern_model::operators::binary::{BinaryOperation, BinaryView};
use isokern_model::operators::broadcast::Operand;

/// Values that are read and written at once.
const TILE: usize = 64;

/// Runs an operator, unless it has another operation or operands that repeat otherwise; returns
/// whether it did.
#[inline(always)]
pub(super) fn run(op: &BinaryView<'_>, memory: &Memory<'_>) -> bool {
    match op.operation {
        Some(BinaryOperation::Maximum) => operands(op, memory, i8::max),
        Some(BinaryOperation::Minimum) => operands(op, memory, i8::min),
        _ => false,
    }
}

#[inline(always)]
fn operands(
    op: &BinaryView<'_>,
    memory: &Memory<'_>,
    choose: impl Fn(i8, i8) -> i8 + Copy,
) -> bool {
    let y = memory.view(&op.output);
    let whole = |operand: &Operand<'_>| {
        let is_whole = operand.repeats == 0 && operand.constant.is_empty();
        is_whole.then(|| memory.view(&operand.tensor))
    };
    let [a, b] = &op.operands;
    // Both are alike: the order does not matter.
    let (x, other) = match (whole(a), whole(b)) {
        (Some(x), _) => (x, b),
        (None, Some(x)) => (x, a),
        (None, None) => return false,
    };
    let both = |a: [i8; TILE], b: [i8; TILE]| core::array::from_fn(|at| choose(a[at], b[at]));
    match (whole(other), other.constant) {
        (Some(z), _) => {
            tiles(x, y, |at, x| choose(x, z.get(at)), |at, x| both(x, z.load(at)));
        }
        (None, &[z]) => tiles(x, y, |_, x| choose(x, z), |_, x| x.map(|x| choose(x, z))),
        (None, z) if other.repeats == 0 => {
            let tile = |at| z.get(at..).and_then(|tail| tail.first_chunk()).unwrap_or(&[0; TILE]);
            let one = |at: usize| z.get(at).copied().unwrap_or(0);
            tiles(x, y, |at, x| choose(x, one(at)), |at, x| both(x, *tile(at)));
        }
        (None, _) => return false,
    }
    true
}

#[inline(always)]
fn tiles(
    x: Cells<'_>,
    y: Cells<'_>,
    one: impl Fn(usize, i8) -> i8,
    tile: impl Fn(usize, [i8; TILE]) -> [i8; TILE],
) {
    let mut at = 0;
    while at + TILE <= y.len() {
        y.store(at, tile(at, x.load(at)));
        at += TILE;
    }
    for index in at..y.len() {
        y.set(index, one(index, x.get(index)));
    }
}
