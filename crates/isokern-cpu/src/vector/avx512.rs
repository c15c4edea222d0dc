//! Tiles for AVX-512 with VNNI: 64 products an instruction.
//!
//! `vpdpbusd` multiplies unsigned with signed bytes. Activations become unsigned by
//! flipping their top bit, which adds 128; the bias takes `128 + zero_point` times
//! the sum of the weights off again.

mod depthwise;
mod scale;

use core::arch::x86_64::{__m512i, _mm512_dpbusd_epi32, _mm512_set1_epi32, _mm512_xor_si512};

use isokern_core::Cells;
use isokern_model::layout::BLOCK_OUTPUTS;
use isokern_model::op::Add;
use isokern_ops::add::sum;

use super::tile::{Dots, scales};
pub(super) use depthwise::depthwise;
use scale::{Scale, narrow, range, widen};

/// See [`Tile::dots`](super::tile::Tile::dots).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn dots(job: &Dots<'_>) {
    let mut block = 0;
    while block < job.block_count() {
        // Sixteen accumulators at least keep both multipliers busy.
        block += match job.block_count() - block {
            8.. if job.rows == 1 => tiles::<1, 8>(job, block),
            4.. => tiles::<4, 4>(job, block),
            2.. => tiles::<8, 2>(job, block),
            _ => tiles::<8, 1>(job, block),
        };
    }
}

/// All rows of `Q` blocks, `P` rows at a time; returns `Q`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn tiles<const P: usize, const Q: usize>(job: &Dots<'_>, block: usize) -> usize {
    let mut row = 0;
    while row + P <= job.rows {
        tile::<P, Q>(job, row, block);
        row += P;
    }
    while row < job.rows {
        tile::<1, Q>(job, row, block);
        row += 1;
    }
    Q
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn tile<const P: usize, const Q: usize>(job: &Dots<'_>, row: usize, block: usize) {
    let flip = _mm512_set1_epi32(0x8080_8080_u32.cast_signed());
    let groups = job.group_count();
    let rows: [&[u32]; P] = core::array::from_fn(|p| job.row(row + p));
    if rows.iter().any(|row| row.len() != groups) {
        return;
    }
    let bias: [__m512i; Q] =
        core::array::from_fn(|q| bytemuck::must_cast(job.bias(block + q, job.zero_point + 128)));
    let mut sums = [bias; P];
    for group in 0..groups {
        let first = group * job.block_count() + block;
        let Some(weights) = job.blocks().get(first..).and_then(|tail| tail.first_chunk::<Q>())
        else {
            return;
        };
        for (row, sums) in rows.iter().zip(&mut sums) {
            let x = _mm512_xor_si512(_mm512_set1_epi32(row[group].cast_signed()), flip);
            for (weights, sum) in weights.iter().zip(sums) {
                *sum = _mm512_dpbusd_epi32(*sum, x, bytemuck::must_cast(*weights));
            }
        }
    }
    let range = range(job.requant);
    for q in 0..Q {
        let (multiplier, shift) = scales::<BLOCK_OUTPUTS>(job.requant, (block + q) * BLOCK_OUTPUTS);
        let scale = Scale::new(multiplier, shift);
        for (p, sums) in sums.iter().enumerate() {
            job.store(row + p, block + q, narrow(range.finish(scale.apply(sums[q]))));
        }
    }
}

/// See [`Tile::add`](super::tile::Tile::add).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn add(op: &Add, a: Cells<'_>, b: Cells<'_>, y: Cells<'_>) {
    use core::arch::x86_64::{_mm512_add_epi32, _mm512_sllv_epi32, _mm512_sub_epi32};

    let scale = |index: usize| Scale::new([op.multiplier[index]; 16], [op.shift[index]; 16]);
    let (scale_a, scale_b, scale_y) = (scale(0), scale(1), scale(2));
    let left = _mm512_set1_epi32(op.left_shift.into());
    let zero_a = _mm512_set1_epi32(op.input_a.zero_point());
    let zero_b = _mm512_set1_epi32(op.input_b.zero_point());
    let range = scale::Range::new(op.output.zero_point(), op.activation);
    let mut at = 0;
    while at + 16 <= y.len() {
        let shifted_a = _mm512_sllv_epi32(_mm512_sub_epi32(widen(a.load(at)), zero_a), left);
        let shifted_b = _mm512_sllv_epi32(_mm512_sub_epi32(widen(b.load(at)), zero_b), left);
        let total = _mm512_add_epi32(scale_a.apply(shifted_a), scale_b.apply(shifted_b));
        y.store(at, narrow(range.finish(scale_y.apply(total))));
        at += 16;
    }
    for index in at..y.len() {
        y.set(index, sum(op, a.get(index), b.get(index)));
    }
}
