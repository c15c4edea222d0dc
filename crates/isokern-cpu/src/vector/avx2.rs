//! Dot products and additions for AVX2: 16 products an instruction.
//!
//! `vpmaddubsw` would be wider, but it saturates. Weights and activations widen to
//! 16 bits instead, and `vpmaddwd` adds products in pairs without loss.

use core::arch::x86_64::{
    __m128i, __m256i, _mm_set1_epi32, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_hadd_epi32,
    _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_sllv_epi32, _mm256_sub_epi32,
};

use isokern_core::Cells;
use isokern_model::layout::BLOCK_OUTPUTS;
use isokern_model::requant::PairScales;

use super::avx2_scale::{Range, Scale, narrow, widen};
use super::feed::{Feed, LARGE_BYTES, SMALL_BYTES};
use super::tile::{Dots, PlainLoop, scales};

/// See [`Tile::dots`](super::tile::Tile::dots).
#[target_feature(enable = "avx2")]
pub(super) fn dots(job: &Dots<'_>) {
    if job.plan.bytes() <= SMALL_BYTES {
        all_blocks::<SMALL_BYTES>(job);
    } else {
        all_blocks::<LARGE_BYTES>(job);
    }
}

#[target_feature(enable = "avx2")]
fn all_blocks<const BYTES: usize>(job: &Dots<'_>) {
    let mut feed = Feed::<BYTES, 0>::new();
    for (first, count) in job.plan.chunks() {
        feed.fill(&job.plan, job.x, (first, count));
        for block in 0..job.block_count() {
            let outputs = Outputs::new(job, block);
            let mut at = 0;
            while at + 2 <= count {
                tile::<2>(job, &outputs, feed.bytes(), (first, at));
                at += 2;
            }
            if at < count {
                tile::<1>(job, &outputs, feed.bytes(), (first, at));
            }
        }
    }
}

/// What stays the same over the positions of a block.
struct Outputs {
    bias: [__m256i; 2],
    scale: [Scale; 2],
    range: Range,
    block: usize,
}

impl Outputs {
    #[target_feature(enable = "avx2")]
    fn new(job: &Dots<'_>, block: usize) -> Self {
        let (multiplier, shift) = scales::<BLOCK_OUTPUTS>(job.requant, block * BLOCK_OUTPUTS);
        Self {
            bias: bytemuck::must_cast(job.bias(block, job.zero_point)),
            scale: Scale::pair(multiplier, shift),
            range: Range::new(job.requant.zero_point, job.requant.activation),
            block,
        }
    }
}

/// Computes `P` positions times one block.
#[inline]
#[target_feature(enable = "avx2")]
fn tile<const P: usize>(
    job: &Dots<'_>,
    outputs: &Outputs,
    feed: &[i8],
    (first, at): (usize, usize),
) {
    let row_groups = job.weights.terms.row_groups();
    // Each register: four outputs, two sums each, of terms 0 and 1 and of terms 2 and 3.
    let mut sums = [[_mm256_setzero_si256(); 4]; P];
    for row in 0..job.weights.terms.rows {
        let Some(groups) = job.groups::<P>(feed, at, row) else { return };
        for group in 0..row_groups {
            let index = (row * row_groups + group) * job.block_count() + outputs.block;
            let Some(weights) = job.blocks().get(index) else { return };
            let [a, b, c, d]: [[i8; 16]; 4] = bytemuck::must_cast(*weights);
            let weights = [spread(a), spread(b), spread(c), spread(d)];
            for (groups, sums) in groups.iter().zip(&mut sums) {
                let Some(group) = groups.get(group) else { return };
                let x = _mm_set1_epi32(bytemuck::must_cast(*group));
                let x = _mm256_cvtepi8_epi16(x);
                for (weights, sum) in weights.iter().zip(sums) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(*weights, x));
                }
            }
        }
    }
    for (p, [a, b, c, d]) in sums.into_iter().enumerate() {
        let low = _mm256_add_epi32(joined(a, b), outputs.bias[0]);
        let high = _mm256_add_epi32(joined(c, d), outputs.bias[1]);
        let low = outputs.range.finish(outputs.scale[0].apply(low));
        let high = outputs.range.finish(outputs.scale[1].apply(high));
        job.store(first + at + p, outputs.block, narrow(low, high));
    }
}

/// Returns 16 bytes as 16 words.
#[inline]
#[target_feature(enable = "avx2")]
fn spread(bytes: [i8; 16]) -> __m256i {
    let bytes: __m128i = bytemuck::must_cast(bytes);
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
pub(super) fn add(scales: &PairScales, a: Cells<'_>, b: Cells<'_>, y: Cells<'_>) {
    let scale = |index: usize| Scale::new([scales.multiplier[index]; 8], [scales.shift[index]; 8]);
    let (scale_a, scale_b, scale_y) = (scale(0), scale(1), scale(2));
    let left = _mm256_set1_epi32(scales.left_shift.into());
    let zero_a = _mm256_set1_epi32(scales.zero_point[0]);
    let zero_b = _mm256_set1_epi32(scales.zero_point[1]);
    let range = Range::new(scales.zero_point[2], scales.activation);
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
        y.set(index, scales.sum(a.get(index), b.get(index)));
    }
}

/// See [`Tile::plain`](super::tile::Tile::plain).
#[target_feature(enable = "avx2")]
pub(super) fn plain(work: impl PlainLoop) {
    work.run();
}
