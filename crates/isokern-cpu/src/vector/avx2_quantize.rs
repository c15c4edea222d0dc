//! Quantisation of floats for AVX2: 16 an iteration.

use core::arch::x86_64::{
    __m256, __m256i, _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps, _mm256_cvttps_epi32,
    _mm256_div_ps, _mm256_or_ps, _mm256_packs_epi32, _mm256_permute4x64_epi64, _mm256_set1_epi32,
    _mm256_set1_ps,
};

use isokern_core::Cells;

use super::avx2_scale::narrow;
use super::tile::Steps;

/// Quantises to `i8`; returns how many values, from the first, it did.
#[target_feature(enable = "avx2")]
pub(super) fn to_i8(steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize {
    let scale = Scale::new(steps);
    let blocks = y.elements::<16>();
    for (y, x) in blocks.iter().zip(x.elements::<64>()) {
        let [low, high] = bytemuck::must_cast(x.get());
        y.set(narrow(scale.steps(low), scale.steps(high)));
    }
    blocks.len() * 16
}

/// Quantises to `i16`; returns how many values, from the first, it did.
#[target_feature(enable = "avx2")]
pub(super) fn to_i16(steps: Steps, x: Cells<'_>, y: Cells<'_>) -> usize {
    let scale = Scale::new(steps);
    let blocks = y.elements::<32>();
    for (y, x) in blocks.iter().zip(x.elements::<64>()) {
        let [low, high] = bytemuck::must_cast(x.get());
        let words = _mm256_packs_epi32(scale.steps(low), scale.steps(high));
        // Packing works in halves.
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
        y.set(bytemuck::must_cast(words));
    }
    blocks.len() * 16
}

/// What all values share.
struct Scale {
    scale: __m256,
    zero_point: __m256i,
}

impl Scale {
    #[target_feature(enable = "avx2")]
    fn new(steps: Steps) -> Self {
        Self { scale: _mm256_set1_ps(steps.scale), zero_point: _mm256_set1_epi32(steps.zero_point) }
    }

    /// Returns the outputs of 8 floats, before the packing brings them into the range of their
    /// type.
    ///
    /// The integer part of a quotient that is moved away from zero by the float before 1/2: the
    /// sum's rounding brings halves to the next integer, and nothing else. What fits no `i32`
    /// converts to the least, as the profile has it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn steps(&self, x: __m256) -> __m256i {
        let quotient = _mm256_div_ps(x, self.scale);
        let sign = _mm256_and_ps(quotient, _mm256_set1_ps(-0.0));
        let half = _mm256_or_ps(sign, _mm256_set1_ps(0.5_f32.next_down()));
        let nearest = _mm256_cvttps_epi32(_mm256_add_ps(quotient, half));
        _mm256_add_epi32(nearest, self.zero_point)
    }
}
