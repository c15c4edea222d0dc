//! Requantisation of 8 accumulators: [`rescale`](isokern_model::fixed::rescale) in lanes.

use core::arch::x86_64::{
    __m128i, __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_and_si256, _mm256_blend_epi32,
    _mm256_castsi256_si128, _mm256_cmpgt_epi32, _mm256_cvtepi8_epi32, _mm256_max_epi32,
    _mm256_min_epi32, _mm256_mul_epi32, _mm256_packs_epi16, _mm256_packs_epi32,
    _mm256_permute4x64_epi64, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_slli_epi64, _mm256_sllv_epi32, _mm256_srai_epi32, _mm256_srav_epi32, _mm256_srli_epi64,
    _mm256_sub_epi32,
};

use isokern_model::requant::Activation;

/// Multipliers and shifts of 8 outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    even: __m256i,
    odd: __m256i,
    left: __m256i,
    right: __m256i,
    mask: __m256i,
    half: __m256i,
}

impl Scale {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new(multiplier: [i32; 8], shift: [i8; 8]) -> Self {
        let even: __m256i = bytemuck::must_cast(multiplier);
        let shift = widen(shift);
        let zero = _mm256_setzero_si256();
        let one = _mm256_set1_epi32(1);
        let right = _mm256_max_epi32(_mm256_sub_epi32(zero, shift), zero);
        let mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
        Self {
            even,
            odd: _mm256_srli_epi64::<32>(even),
            left: _mm256_max_epi32(shift, zero),
            right,
            mask,
            half: _mm256_srai_epi32::<1>(mask),
        }
    }

    /// Returns the scales of 16 outputs.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn pair(multiplier: [i32; 16], shift: [i8; 16]) -> [Self; 2] {
        let multiplier: [[i32; 8]; 2] = bytemuck::must_cast(multiplier);
        let shift: [[i8; 8]; 2] = bytemuck::must_cast(shift);
        [Self::new(multiplier[0], shift[0]), Self::new(multiplier[1], shift[1])]
    }

    /// Returns `value * multiplier * 2^(shift - 31)`, rounded in two steps.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn apply(&self, value: __m256i) -> __m256i {
        // Even and odd lanes as 64-bit products, nudged by 2^30, bits 31 to 62 kept.
        let nudge = _mm256_set1_epi64x(1 << 30);
        let value = _mm256_sllv_epi32(value, self.left);
        let even = _mm256_add_epi64(_mm256_mul_epi32(value, self.even), nudge);
        let odd = _mm256_mul_epi32(_mm256_srli_epi64::<32>(value), self.odd);
        let odd = _mm256_add_epi64(odd, nudge);
        let even = _mm256_srli_epi64::<31>(even);
        let odd = _mm256_slli_epi64::<1>(odd);
        let high = _mm256_blend_epi32::<0b1010_1010>(even, odd);
        // A remainder above half, or at half of a positive value, moves one up. The
        // comparisons give -1 where they hold.
        let remainder = _mm256_and_si256(high, self.mask);
        let negative = _mm256_cmpgt_epi32(_mm256_setzero_si256(), high);
        let up = _mm256_cmpgt_epi32(remainder, _mm256_sub_epi32(self.half, negative));
        _mm256_sub_epi32(_mm256_srav_epi32(high, self.right), up)
    }
}

/// Output zero point and activation range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    zero_point: __m256i,
    min: __m256i,
    max: __m256i,
}

impl Range {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new(zero_point: i32, activation: Activation) -> Self {
        Self {
            zero_point: _mm256_set1_epi32(zero_point),
            min: _mm256_set1_epi32(i32::from(activation.min) - zero_point),
            max: _mm256_set1_epi32(i32::from(activation.max) - zero_point),
        }
    }

    /// Adds the zero point, with saturation, and clamps.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn finish(&self, value: __m256i) -> __m256i {
        let value = _mm256_min_epi32(_mm256_max_epi32(value, self.min), self.max);
        _mm256_add_epi32(value, self.zero_point)
    }
}

/// Returns 8 bytes as 8 lanes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn widen(values: [i8; 8]) -> __m256i {
    let bytes: __m128i =
        bytemuck::must_cast([i64::from_le_bytes(values.map(i8::cast_unsigned)), 0]);
    _mm256_cvtepi8_epi32(bytes)
}

/// Returns 16 lanes as bytes; those out of range become the nearest byte.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn narrow(low: __m256i, high: __m256i) -> [i8; 16] {
    // Packing works in halves: the quarters are put in order after each step.
    let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(low, high));
    let bytes = _mm256_permute4x64_epi64::<0b10_00>(_mm256_packs_epi16(words, words));
    let bytes: __m128i = _mm256_castsi256_si128(bytes);
    bytemuck::must_cast(bytes)
}
