//! Depthwise convolution: 32 channels at a time, kernel cells in pairs.
//!
//! Activations and weights widen to 16 bits; `vpdpwssd` multiplies two kernel cells
//! of a channel and adds both products. Unpacking interleaves the two cells and
//! deals the channels out in fours to two registers; packing puts them in order.

use core::arch::x86_64::{
    __m256i, __m512i, _mm512_cvtepi8_epi16, _mm512_cvtepi16_epi8, _mm512_dpwssd_epi32,
    _mm512_packs_epi32, _mm512_unpackhi_epi16, _mm512_unpacklo_epi16,
};

use isokern_core::Cells;

use super::avx512_scale::{Range, Scale};
use super::channel_lines::{LinePlan, TAPS_MAX, load};
use super::depthwise_lanes::Lanes;
use super::depthwise_walk::walk;
use super::tile::ChannelDots;

const LANES: usize = 32;

/// Everything that stays the same over the positions of 32 lanes.
struct Block {
    weights: [[__m512i; 2]; TAPS_MAX / 2],
    bias: [__m512i; 2],
    scale: [Scale; 2],
    range: Range,
}

/// See [`Tile::depthwise`](super::tile::Tile::depthwise).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn depthwise(job: &ChannelDots<'_>, x: Cells<'_>, y: Cells<'_>) -> bool {
    walk(
        job,
        (x, y),
        |first, count| Block::new(job, first, count),
        |block, plan, lines, start| block.values(plan, lines, start),
    )
}

impl Block {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn new(job: &ChannelDots<'_>, first: usize, count: usize) -> Self {
        let lanes = Lanes::<LANES>::new(job, first, count);
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
            range: Range::new(job.requant.zero_point, job.requant.activation),
        }
    }

    /// Returns the lanes whose first kernel cell is at `start`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn values(&self, plan: &LinePlan, lines: &[i8], start: usize) -> [i8; LANES] {
        let [mut low, mut high] = self.bias;
        // An odd last cell meets a second one with weight zero.
        let pairs = plan.tap_count.div_ceil(2);
        let (taps, weights) = (plan.taps.as_chunks::<2>().0, &self.weights);
        for ([a, b], [weight_low, weight_high]) in taps.iter().zip(weights).take(pairs) {
            let a = widen(load(lines, start + a));
            let b = widen(load(lines, start + b));
            low = _mm512_dpwssd_epi32(low, _mm512_unpacklo_epi16(a, b), *weight_low);
            high = _mm512_dpwssd_epi32(high, _mm512_unpackhi_epi16(a, b), *weight_high);
        }
        let low = self.range.finish(self.scale[0].apply(low));
        let high = self.range.finish(self.scale[1].apply(high));
        let bytes: __m256i = _mm512_cvtepi16_epi8(_mm512_packs_epi32(low, high));
        bytemuck::must_cast(bytes)
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn widen(values: [i8; LANES]) -> __m512i {
    let bytes: __m256i = bytemuck::must_cast(values);
    _mm512_cvtepi8_epi16(bytes)
}

/// Returns values in the order unpacking deals them: fours to the first, fours to the second.
fn dealt<V: Copy>(values: [V; LANES]) -> [[V; LANES / 2]; 2] {
    let lane = |half: usize, lane: usize| values[lane / 4 * 8 + half * 4 + lane % 4];
    [core::array::from_fn(|index| lane(0, index)), core::array::from_fn(|index| lane(1, index))]
}
