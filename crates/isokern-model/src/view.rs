//! The part of the arena in which a tensor lies.

use crate::Tensor;
use isokern_core::Cells;

/// The cells of `tensor`.
#[inline]
#[must_use]
pub fn view<'a>(arena: Cells<'a>, tensor: &Tensor) -> Cells<'a> {
    arena.window(tensor.arena_offset(), tensor.len())
}
