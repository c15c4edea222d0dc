//! Additions, with products of 32 by 32 bits.

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::operators::add::AddView;

use crate::scale::{Rescale, Scale, is_whole, limit};

const TILE_ELEMENTS: usize = 64;

/// Runs the calling rank's share of an addition; a tile is 64 elements.
///
/// Values less zero points have 9 bits and move left by at most 20, products are not above their
/// first factor, and no shift is to the left: every sum has room for its [`Scale`].
#[inline(never)]
pub(crate) fn run<D: Rescale, T: Team>(team: &T, op: &AddView, memory: &Memory<'_>) {
    let (a, b, y) = (memory.view(&op.input_a), memory.view(&op.input_b), memory.view(&op.output));
    let [multiplier_a, multiplier_b, multiplier_y] = op.scales.multiplier;
    let [shift_a, shift_b, shift_y] = op.scales.shift;
    let [zero_a, zero_b, zero_y] = op.scales.zero_point;
    let scale_y = Scale::new(multiplier_y, shift_y);
    // The shift to the left of both is added to that of the product.
    let left = u32::from(op.scales.left_shift);
    let [scale_a, scale_b] = [(multiplier_a, shift_a), (multiplier_b, shift_b)].map(|scale| {
        let scale = Scale::new(scale.0, scale.1);
        Scale { left: scale.left + left, ..scale }
    });
    for tile in team.share(y.len().div_ceil(TILE_ELEMENTS)) {
        let first = tile * TILE_ELEMENTS;
        let len = TILE_ELEMENTS.min(y.len().saturating_sub(first));
        let [a, b, y] = [a, b, y].map(|cells| cells.window(first, len).as_slice());
        for ((a, b), y) in a.iter().zip(b).zip(y) {
            let a = D::scaled(i32::from(a.get()) - zero_a, scale_a);
            let b = D::scaled(i32::from(b.get()) - zero_b, scale_b);
            y.set(D::requantised(a.wrapping_add(b), scale_y, zero_y));
        }
        if !is_whole(op.scales.activation) {
            limit(y, op.scales.activation);
        }
    }
}
