//! Quantisation of floats for AVX2: 16 an iteration.

use core::arch::x86_64::{
    __m256, __m256i, _CMP_GE_OQ, _CMP_LE_OQ, _CMP_LT_OQ, _mm256_add_epi32, _mm256_and_ps,
    _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtepi32_ps,
    _mm256_cvttps_epi32, _mm256_div_ps, _mm256_max_epi32, _mm256_min_epi32, _mm256_packs_epi32,
    _mm256_permute4x64_epi64, _mm256_set1_epi32, _mm256_set1_ps, _mm256_sub_epi32, _mm256_sub_ps,
};

use isokern_core::Cells;

use super::avx2_scale::narrow;
use super::tile::Steps;

/// Quantises to `i8`; returns how many values, from the first, it did.
#[target_feature(enable = "avx2")]
pub(super) fn to_i8(steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize {
    let scale = Scale::new(steps, (i8::MIN.into(), i8::MAX.into()));
    let mut at = 0;
    while at + 16 <= y.len() {
        y.store::<16>(at, narrow(scale.steps(x, at), scale.steps(x, at + 8)));
        at += 16;
    }
    at
}

/// Quantises to `i16`; returns how many values, from the first, it did.
#[target_feature(enable = "avx2")]
pub(super) fn to_i16(steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize {
    let scale = Scale::new(steps, (i16::MIN.into(), i16::MAX.into()));
    let mut at = 0;
    while (at + 16) * 2 <= y.len() {
        let words = _mm256_packs_epi32(scale.steps(x, at), scale.steps(x, at + 8));
        // Packing works in halves.
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
        y.store::<32>(at * 2, bytemuck::must_cast(words));
        at += 16;
    }
    at
}

/// What all values share.
struct Scale {
    scale: __m256,
    zero_point: __m256i,
    min: __m256i,
    max: __m256i,
}

impl Scale {
    #[target_feature(enable = "avx2")]
    fn new(steps: Steps, (min, max): (i32, i32)) -> Self {
        Self {
            scale: _mm256_set1_ps(steps.scale),
            zero_point: _mm256_set1_epi32(steps.zero_point),
            min: _mm256_set1_epi32(min),
            max: _mm256_set1_epi32(max),
        }
    }

    /// The outputs of 8 floats from `at`.
    ///
    /// The integer part of a quotient and, where its rest is a half or more, one. The rest is
    /// exact, and none from 2^23 on; what fits no `i32` converts to the least, as the profile has
    /// it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn steps(&self, x: Cells<'_>, at: usize) -> __m256i {
        let magnitude_bits = _mm256_castsi256_ps(_mm256_set1_epi32(i32::MAX));
        let quotient = _mm256_div_ps(bytemuck::must_cast(x.load::<32>(at * 4)), self.scale);
        let whole = _mm256_cvttps_epi32(quotient);
        let rest = _mm256_sub_ps(quotient, _mm256_cvtepi32_ps(whole));
        let magnitude = _mm256_and_ps(quotient, magnitude_bits);
        let has_rest = _mm256_cmp_ps::<_CMP_LT_OQ>(magnitude, _mm256_set1_ps(8_388_608.0));
        let up = _mm256_cmp_ps::<_CMP_GE_OQ>(rest, _mm256_set1_ps(0.5));
        let down = _mm256_cmp_ps::<_CMP_LE_OQ>(rest, _mm256_set1_ps(-0.5));
        // A mask that holds is -1.
        let nearest = _mm256_sub_epi32(whole, _mm256_castps_si256(_mm256_and_ps(up, has_rest)));
        let nearest = _mm256_add_epi32(nearest, _mm256_castps_si256(_mm256_and_ps(down, has_rest)));
        let steps = _mm256_add_epi32(nearest, self.zero_point);
        _mm256_min_epi32(_mm256_max_epi32(steps, self.min), self.max)
    }
}
