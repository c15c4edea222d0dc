//! `RESHAPE`: the same bytes under another shape.

use crate::op::Reshape;
use isokern_core::{Cells, Team};

use crate::view::view;

const TILE_ELEMENTS: usize = 64;

/// Runs the calling rank's share of a reshape: a copy, or nothing where the
/// memory plan put both tensors in one place.
///
/// A tile is 64 elements.
pub fn run<T: Team>(team: &T, op: &Reshape, arena: Cells<'_>) {
    if op.input.arena_offset() == op.output.arena_offset() {
        return;
    }
    let (x, y) = (view(arena, &op.input), view(arena, &op.output));
    for tile_index in team.share(y.len().div_ceil(TILE_ELEMENTS)) {
        let first = tile_index * TILE_ELEMENTS;
        for index in first..y.len().min(first + TILE_ELEMENTS) {
            y.set(index, x.get(index));
        }
    }
}
