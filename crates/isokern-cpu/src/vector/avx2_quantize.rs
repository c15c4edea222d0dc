//! Quantisation of floats for AVX2: 16 an iteration.

use core::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps, _mm256_cvttps_epi32,
    _mm256_div_ps, _mm256_max_epi32, _mm256_min_epi32, _mm256_or_ps, _mm256_packs_epi32,
    _mm256_permute4x64_epi64, _mm256_set1_epi32, _mm256_set1_ps,
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
    /// The integer part of a quotient that is moved away from zero by the float before 1/2: the
    /// sum's rounding brings halves to the next integer, and nothing else. What fits no `i32`
    /// converts to the least, as the profile has it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn steps(&self, x: Cells<'_>, at: usize) -> __m256i {
        let quotient = _mm256_div_ps(bytemuck::must_cast(x.load::<32>(at * 4)), self.scale);
        let sign = _mm256_and_ps(quotient, _mm256_set1_ps(-0.0));
        let half = _mm256_or_ps(sign, _mm256_set1_ps(0.5_f32.next_down()));
        let nearest = _mm256_cvttps_epi32(_mm256_add_ps(quotient, half));
        let steps = _mm256_add_epi32(nearest, self.zero_point);
        _mm256_min_epi32(_mm256_max_epi32(steps, self.min), self.max)
    }
}
