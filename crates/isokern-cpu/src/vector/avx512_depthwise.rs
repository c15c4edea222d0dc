//! Depthwise convolution: 32 channels at a time, kernel cells in pairs.
//!
//! Activations and weights widen to 16 bits; `vpdpwssd` multiplies two kernel cells
//! of a channel and adds both products. Unpacking interleaves the two cells and
//! deals the channels out in fours to two registers; packing puts them in order.

use core::arch::x86_64::{
    __m256i, __m512i, _mm512_cvtepi8_epi16, _mm512_cvtepi16_epi8, _mm512_dpwssd_epi32,
    _mm512_packs_epi32, _mm512_set1_epi16, _mm512_unpackhi_epi16, _mm512_unpacklo_epi16,
};

use isokern_core::Cells;
use isokern_model::op::DepthwiseConv2d;

use super::scale::{Range, Scale, range};
use crate::vector::taps::{Lanes, PADDING, Step, Walk, load};
use crate::vector::tile::{TAPS_MAX, store_first};

const LANES: usize = 32;

/// Everything that stays the same over the positions of 32 lanes.
struct Block {
    weights: [[__m512i; 2]; TAPS_MAX / 2],
    bias: [__m512i; 2],
    scale: [Scale; 2],
    range: Range,
    zero_point: __m512i,
}

/// See [`Tile::depthwise`](crate::vector::tile::Tile::depthwise).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(in crate::vector) fn depthwise(op: &DepthwiseConv2d<'_>, x: Cells<'_>, y: Cells<'_>) {
    let channels = op.output.image().channels;
    let walk = Walk::new(op);
    // Few channels: with stride 1, neighbouring positions fill the lanes.
    let fill = op.window.stride_width == 1 && LANES.is_multiple_of(channels.max(1));
    let neighbours = if fill { LANES / channels.max(1) } else { 1 };
    for first in (0..channels).step_by(LANES) {
        let count = LANES.min(channels - first);
        let block = Block::new(op, first, count);
        walk.run(op, (first, count), neighbours, |step| block.step(x, y, &step));
    }
}

impl Block {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn new(op: &DepthwiseConv2d<'_>, first: usize, count: usize) -> Self {
        let lanes = Lanes::<LANES>::new(op, first, count);
        let weights = core::array::from_fn(|pair| {
            let [a, b] = [2 * pair, 2 * pair + 1].map(|tap| widen(lanes.weights[tap]));
            [_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)]
        });
        let [multiplier_low, multiplier_high] = dealt(lanes.multiplier);
        let [shift_low, shift_high] = dealt(lanes.shift);
        Self {
            weights,
            bias: dealt(lanes.bias).map(bytemuck::must_cast),
            scale: [Scale::new(multiplier_low, shift_low), Scale::new(multiplier_high, shift_high)],
            range: range(&op.requant),
            zero_point: _mm512_set1_epi16(op.input.zero_point() as i16),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn step(&self, x: Cells<'_>, y: Cells<'_>, step: &Step<'_>) {
        let [mut low, mut high] = self.bias;
        let (pairs, rest) = step.cells.as_chunks::<2>();
        for ([a, b], [weight_low, weight_high]) in pairs.iter().zip(&self.weights) {
            let (a, b) = (self.cell(x, *a), self.cell(x, *b));
            low = _mm512_dpwssd_epi32(low, _mm512_unpacklo_epi16(a, b), *weight_low);
            high = _mm512_dpwssd_epi32(high, _mm512_unpackhi_epi16(a, b), *weight_high);
        }
        if let ([a], Some([weight_low, weight_high])) = (rest, self.weights.get(pairs.len())) {
            // The missing cell has weight zero.
            let a = self.cell(x, *a);
            low = _mm512_dpwssd_epi32(low, _mm512_unpacklo_epi16(a, a), *weight_low);
            high = _mm512_dpwssd_epi32(high, _mm512_unpackhi_epi16(a, a), *weight_high);
        }
        let low = self.range.finish(self.scale[0].apply(low));
        let high = self.range.finish(self.scale[1].apply(high));
        let bytes: __m256i = _mm512_cvtepi16_epi8(_mm512_packs_epi32(low, high));
        let values: [i8; LANES] = bytemuck::must_cast(bytes);
        store_first(y, step.at, step.count, values);
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn cell(&self, x: Cells<'_>, start: usize) -> __m512i {
        if start == PADDING { self.zero_point } else { widen(load(x, start)) }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn widen(values: [i8; LANES]) -> __m512i {
    let bytes: __m256i = bytemuck::must_cast(values);
    _mm512_cvtepi8_epi16(bytes)
}

/// Values in the order unpacking deals them: fours to the first, fours to the second.
fn dealt<V: Copy>(values: [V; LANES]) -> [[V; LANES / 2]; 2] {
    let lane = |half: usize, lane: usize| values[lane / 4 * 8 + half * 4 + lane % 4];
    [core::array::from_fn(|index| lane(0, index)), core::array::from_fn(|index| lane(1, index))]
}
