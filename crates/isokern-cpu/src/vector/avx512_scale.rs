//! Requantisation of 16 accumulators: [`rescale`](isokern_model::fixed::rescale) in lanes.

use core::arch::x86_64::{
    __m128i, __m512i, _mm512_add_epi32, _mm512_add_epi64, _mm512_and_si512,
    _mm512_cmpgt_epi32_mask, _mm512_cvtepi8_epi32, _mm512_cvtepi32_epi8, _mm512_mask_add_epi32,
    _mm512_mask_blend_epi32, _mm512_max_epi32, _mm512_min_epi32, _mm512_mul_epi32,
    _mm512_set1_epi32, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64,
    _mm512_sllv_epi32, _mm512_srai_epi32, _mm512_srav_epi32, _mm512_srli_epi64, _mm512_sub_epi32,
};

use isokern_model::requant::Activation;

/// Multipliers and shifts of 16 outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    even: __m512i,
    odd: __m512i,
    left: __m512i,
    right: __m512i,
    mask: __m512i,
    half: __m512i,
}

impl Scale {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn new(multiplier: [i32; 16], shift: [i8; 16]) -> Self {
        let even: __m512i = bytemuck::must_cast(multiplier);
        let shift = widen(shift);
        let zero = _mm512_setzero_si512();
        let one = _mm512_set1_epi32(1);
        let right = _mm512_max_epi32(_mm512_sub_epi32(zero, shift), zero);
        let mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, right), one);
        Self {
            even,
            odd: _mm512_srli_epi64::<32>(even),
            left: _mm512_max_epi32(shift, zero),
            right,
            mask,
            half: _mm512_srai_epi32::<1>(mask),
        }
    }

    /// Returns `value * multiplier * 2^(shift - 31)`, rounded in two steps.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn apply(&self, value: __m512i) -> __m512i {
        // Even and odd lanes as 64-bit products, nudged by 2^30, bits 31 to 62 kept.
        let nudge = _mm512_set1_epi64(1 << 30);
        let value = _mm512_sllv_epi32(value, self.left);
        let even = _mm512_add_epi64(_mm512_mul_epi32(value, self.even), nudge);
        let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(value), self.odd);
        let odd = _mm512_add_epi64(odd, nudge);
        let even = _mm512_srli_epi64::<31>(even);
        let odd = _mm512_slli_epi64::<1>(odd);
        let high = _mm512_mask_blend_epi32(0xAAAA, even, odd);
        // A remainder above half, or at half of a positive value, moves one up.
        let remainder = _mm512_and_si512(high, self.mask);
        let threshold = _mm512_mask_add_epi32(
            self.half,
            _mm512_cmpgt_epi32_mask(_mm512_setzero_si512(), high),
            self.half,
            _mm512_set1_epi32(1),
        );
        let up = _mm512_cmpgt_epi32_mask(remainder, threshold);
        let shifted = _mm512_srav_epi32(high, self.right);
        _mm512_mask_add_epi32(shifted, up, shifted, _mm512_set1_epi32(1))
    }
}

/// Output zero point and activation range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    zero_point: __m512i,
    min: __m512i,
    max: __m512i,
}

impl Range {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn new(zero_point: i32, activation: Activation) -> Self {
        Self {
            zero_point: _mm512_set1_epi32(zero_point),
            min: _mm512_set1_epi32(i32::from(activation.min) - zero_point),
            max: _mm512_set1_epi32(i32::from(activation.max) - zero_point),
        }
    }

    /// Adds the zero point, with saturation, and clamps.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn finish(&self, value: __m512i) -> __m512i {
        let value = _mm512_min_epi32(_mm512_max_epi32(value, self.min), self.max);
        _mm512_add_epi32(value, self.zero_point)
    }
}

/// Returns 16 bytes as 16 lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn widen(values: [i8; 16]) -> __m512i {
    _mm512_cvtepi8_epi32(bytemuck::must_cast(values))
}

/// Returns 16 lanes, already in the range of a byte, as bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn narrow(values: __m512i) -> [i8; 16] {
    let bytes: __m128i = _mm512_cvtepi32_epi8(values);
    bytemuck::must_cast(bytes)
}
