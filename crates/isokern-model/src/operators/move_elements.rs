//! A move by several ranks: one element each.

use isokern_core::{Cells, Team};

use crate::memory::Memory;
use crate::operators::elements::Elements;
use crate::operators::moves::{MoveView, Piece};

/// Runs the calling rank's share of a move.
pub(super) fn run<T: Team>(team: &T, op: &MoveView<'_>, memory: &Memory<'_>) {
    let to = memory.view(&op.output);
    for piece in op.pieces.iter() {
        let source = op.source(&piece, memory);
        for element in team.share(piece.elements() as usize) {
            let (from, at) = places(op, &piece, element as u32);
            copy(op.output.dtype().size_bytes(), source, from as usize, to, at as usize);
        }
    }
}

/// Returns the element of the source, and of the output, that an element of a box is.
#[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
fn places(op: &MoveView<'_>, piece: &Piece<'_>, element: u32) -> (u32, u32) {
    let (mut rest, mut from, mut at, mut step) = (element, piece.start(), 0_u32, 1_u32);
    for (place, &size) in op.dims.iter().enumerate().rev() {
        let axis = piece.axis(place);
        let all = axis.size.max(1);
        let place = rest % all;
        rest /= all;
        from = from.wrapping_add_signed(axis.stride.wrapping_mul(place.cast_signed()));
        at = at.wrapping_add(axis.first.wrapping_add(place).wrapping_mul(step));
        step = step.wrapping_mul(size);
    }
    (from, at)
}

/// Copies an element of `bytes` bytes.
#[cfg_attr(target_arch = "nvptx64", inline(never))] // Its registers are not those of the loop.
fn copy(bytes: usize, source: Elements<'_>, from: usize, to: Cells<'_>, at: usize) {
    for byte in 0..bytes {
        let [value] = source.load(from * bytes + byte);
        to.set(at * bytes + byte, value);
    }
}
