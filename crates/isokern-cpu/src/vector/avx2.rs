//! Tiles for AVX2: 16 products an instruction.
//!
//! `vpmaddubsw` would be wider, but it saturates. Weights and activations widen to
//! 16 bits instead, and `vpmaddwd` adds products in pairs without loss.

mod depthwise;
mod scale;

use core::arch::x86_64::{
    __m128i, __m256i, _mm_set1_epi32, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_hadd_epi32,
    _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_sllv_epi32, _mm256_sub_epi32,
};

use isokern_core::Cells;
use isokern_model::layout::BLOCK_OUTPUTS;
use isokern_model::op::Add;
use isokern_ops::add::sum;

use super::tile::{Dots, scales};
pub(super) use depthwise::depthwise;
use scale::{Range, Scale, narrow, range, widen};

/// See [`Tile::dots`](super::tile::Tile::dots).
#[target_feature(enable = "avx2")]
pub(super) fn dots(job: &Dots<'_>) {
    for block in 0..job.block_count() {
        let mut row = 0;
        while row + 2 <= job.rows {
            tile::<2>(job, row, block);
            row += 2;
        }
        if row < job.rows {
            tile::<1>(job, row, block);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn tile<const P: usize>(job: &Dots<'_>, row: usize, block: usize) {
    let groups = job.group_count();
    let rows: [&[u32]; P] = core::array::from_fn(|p| job.row(row + p));
    if rows.iter().any(|row| row.len() != groups) {
        return;
    }
    // Each register: four outputs, two sums each, of terms 0 and 1 and of terms 2 and 3.
    let mut sums = [[_mm256_setzero_si256(); 4]; P];
    for group in 0..groups {
        let Some(weights) = job.blocks().get(group * job.block_count() + block) else { return };
        let weights: [[i8; 16]; 4] = bytemuck::must_cast(*weights);
        let weights = weights.map(|four| spread(bytemuck::must_cast(four)));
        for (row, sums) in rows.iter().zip(&mut sums) {
            let x = spread(_mm_set1_epi32(row[group].cast_signed()));
            for (weights, sum) in weights.iter().zip(sums) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(*weights, x));
            }
        }
    }
    let bias: [__m256i; 2] = bytemuck::must_cast(job.bias(block, job.zero_point));
    let (multiplier, shift) = scales::<BLOCK_OUTPUTS>(job.requant, block * BLOCK_OUTPUTS);
    let scale = Scale::pair(multiplier, shift);
    let range = range(job.requant);
    for (p, [a, b, c, d]) in sums.into_iter().enumerate() {
        let low = _mm256_add_epi32(joined(a, b), bias[0]);
        let high = _mm256_add_epi32(joined(c, d), bias[1]);
        let low = range.finish(scale[0].apply(low));
        let high = range.finish(scale[1].apply(high));
        job.store(row + p, block, narrow(low, high));
    }
}

/// 16 bytes as 16 words.
#[inline]
#[target_feature(enable = "avx2")]
fn spread(bytes: __m128i) -> __m256i {
    _mm256_cvtepi8_epi16(bytes)
}

/// Adds the two sums of each output: eight outputs in order.
#[inline]
#[target_feature(enable = "avx2")]
fn joined(first: __m256i, second: __m256i) -> __m256i {
    _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(first, second))
}

/// See [`Tile::add`](super::tile::Tile::add).
#[target_feature(enable = "avx2")]
pub(super) fn add(op: &Add, a: Cells<'_>, b: Cells<'_>, y: Cells<'_>) {
    let scale = |index: usize| Scale::new([op.multiplier[index]; 8], [op.shift[index]; 8]);
    let (scale_a, scale_b, scale_y) = (scale(0), scale(1), scale(2));
    let left = _mm256_set1_epi32(op.left_shift.into());
    let zero_a = _mm256_set1_epi32(op.input_a.zero_point());
    let zero_b = _mm256_set1_epi32(op.input_b.zero_point());
    let range = Range::new(op.output.zero_point(), op.activation);
    let eight = |a: [i8; 8], b: [i8; 8]| {
        let a = _mm256_sllv_epi32(_mm256_sub_epi32(widen(a), zero_a), left);
        let b = _mm256_sllv_epi32(_mm256_sub_epi32(widen(b), zero_b), left);
        let total = _mm256_add_epi32(scale_a.apply(a), scale_b.apply(b));
        range.finish(scale_y.apply(total))
    };
    let mut at = 0;
    while at + 16 <= y.len() {
        let low = eight(a.load(at), b.load(at));
        let high = eight(a.load(at + 8), b.load(at + 8));
        y.store(at, narrow(low, high));
        at += 16;
    }
    for index in at..y.len() {
        y.set(index, sum(op, a.get(index), b.get(index)));
    }
}
