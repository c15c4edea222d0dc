//! Dot products and additions for AVX-512 with VNNI: 64 products an instruction.
//!
//! `vpdpbusd` multiplies unsigned with signed bytes. Activations become unsigned by
//! flipping their top bit, which adds 128; the bias takes `128 + zero_point` times
//! the sum of the weights off again.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_set1_epi32, _mm512_sllv_epi32,
    _mm512_sub_epi32,
};

use isokern_core::Cells;
use isokern_model::layout::BLOCK_OUTPUTS;
use isokern_model::requant::PairScales;

use super::avx512_scale::{Range, Scale, narrow, widen};
use super::feed::{Feed, LARGE_BYTES, SMALL_BYTES};
use super::tile::{Dots, PlainLoop, scales};

const FLIP: i8 = i8::MIN;

/// See [`Tile::dots`](super::tile::Tile::dots).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn dots(job: &Dots<'_>) {
    if job.plan.bytes() <= SMALL_BYTES {
        all_blocks::<SMALL_BYTES>(job);
    } else {
        all_blocks::<LARGE_BYTES>(job);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn all_blocks<const BYTES: usize>(job: &Dots<'_>) {
    let mut feed = Feed::<BYTES, FLIP>::new();
    let mut filled = None;
    let single = job.plan.chunks().nth(1).is_none() && job.plan.chunks().all(|(_, n)| n == 1);
    let mut block = 0;
    while block < job.block_count() {
        // Enough accumulators to keep both multipliers busy, whatever the shape.
        block += match job.block_count() - block {
            8.. if single => blocks::<8, BYTES>(job, &mut feed, &mut filled, block),
            4.. => blocks::<4, BYTES>(job, &mut feed, &mut filled, block),
            2.. => blocks::<2, BYTES>(job, &mut feed, &mut filled, block),
            _ => blocks::<1, BYTES>(job, &mut feed, &mut filled, block),
        };
    }
}

/// What stays the same over the positions of `Q` blocks.
struct Outputs<const Q: usize> {
    bias: [__m512i; Q],
    scale: [Scale; Q],
    range: Range,
    block: usize,
}

/// Computes all positions of `Q` blocks; returns `Q`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn blocks<const Q: usize, const BYTES: usize>(
    job: &Dots<'_>,
    feed: &mut Feed<BYTES, FLIP>,
    filled: &mut Option<(usize, usize)>,
    block: usize,
) -> usize {
    let mut outputs = Outputs {
        bias: [_mm512_set1_epi32(0); Q],
        scale: [Scale::new([0; 16], [0; 16]); Q],
        range: Range::new(job.requant.zero_point, job.requant.activation),
        block,
    };
    for (q, (bias, scale)) in outputs.bias.iter_mut().zip(&mut outputs.scale).enumerate() {
        *bias = bytemuck::must_cast(job.bias(block + q, job.zero_point + 128));
        let (multiplier, shift) = scales::<BLOCK_OUTPUTS>(job.requant, (block + q) * BLOCK_OUTPUTS);
        *scale = Scale::new(multiplier, shift);
    }
    for (first, count) in job.plan.chunks() {
        if *filled != Some((first, count)) {
            feed.fill(&job.plan, job.x, (first, count));
            *filled = Some((first, count));
        }
        let mut at = 0;
        while at < count {
            at += positions::<Q>(job, &outputs, feed.bytes(), (first, at), count - at);
        }
    }
    Q
}

/// Computes as many positions as fit the registers; returns how many.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn positions<const Q: usize>(
    job: &Dots<'_>,
    outputs: &Outputs<Q>,
    feed: &[i8],
    place: (usize, usize),
    count: usize,
) -> usize {
    match (Q, count) {
        (..=2, 8..) => tile::<8, Q>(job, outputs, feed, place),
        (..=4, 6..) => tile::<6, Q>(job, outputs, feed, place),
        (..=4, 5) => tile::<5, Q>(job, outputs, feed, place),
        (..=4, 4) => tile::<4, Q>(job, outputs, feed, place),
        (..=4, 3) => tile::<3, Q>(job, outputs, feed, place),
        (..=4, 2) => tile::<2, Q>(job, outputs, feed, place),
        _ => tile::<1, Q>(job, outputs, feed, place),
    }
}

/// Computes `P` positions times `Q` blocks; returns `P`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn tile<const P: usize, const Q: usize>(
    job: &Dots<'_>,
    outputs: &Outputs<Q>,
    feed: &[i8],
    (first, at): (usize, usize),
) -> usize {
    let row_groups = job.weights.terms.row_groups();
    let mut sums = [outputs.bias; P];
    for row in 0..job.weights.terms.rows {
        let Some(groups) = job.groups::<P>(feed, at, row) else { return P };
        for group in 0..row_groups {
            let start = (row * row_groups + group) * job.block_count() + outputs.block;
            let Some(weights) = job.blocks().get(start..).and_then(|tail| tail.first_chunk::<Q>())
            else {
                return P;
            };
            for (groups, sums) in groups.iter().zip(&mut sums) {
                let Some(group) = groups.get(group) else { return P };
                let x = _mm512_set1_epi32(bytemuck::must_cast(*group));
                for (weights, sum) in weights.iter().zip(sums) {
                    *sum = _mm512_dpbusd_epi32(*sum, x, bytemuck::must_cast(*weights));
                }
            }
        }
    }
    for (p, sums) in sums.iter().enumerate() {
        for (q, (sum, scale)) in sums.iter().zip(&outputs.scale).enumerate() {
            let values = narrow(outputs.range.finish(scale.apply(*sum)));
            job.store(first + at + p, outputs.block + q, values);
        }
    }
    P
}

/// See [`Tile::add`](super::tile::Tile::add).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn add(scales: &PairScales, a: Cells<'_>, b: Cells<'_>, y: Cells<'_>) {
    let scale =
        |index: usize| Scale::new([scales.multiplier[index]; 16], [scales.shift[index]; 16]);
    let (scale_a, scale_b, scale_y) = (scale(0), scale(1), scale(2));
    let left = _mm512_set1_epi32(scales.left_shift.into());
    let zero_a = _mm512_set1_epi32(scales.zero_point[0]);
    let zero_b = _mm512_set1_epi32(scales.zero_point[1]);
    let range = Range::new(scales.zero_point[2], scales.activation);
    let mut at = 0;
    while at + 16 <= y.len() {
        let shifted_a = _mm512_sllv_epi32(_mm512_sub_epi32(widen(a.load(at)), zero_a), left);
        let shifted_b = _mm512_sllv_epi32(_mm512_sub_epi32(widen(b.load(at)), zero_b), left);
        let total = _mm512_add_epi32(scale_a.apply(shifted_a), scale_b.apply(shifted_b));
        y.store(at, narrow(range.finish(scale_y.apply(total))));
        at += 16;
    }
    for index in at..y.len() {
        y.set(index, scales.sum(a.get(index), b.get(index)));
    }
}

/// See [`Tile::plain`](super::tile::Tile::plain).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn plain(work: impl PlainLoop) {
    work.run();
}
