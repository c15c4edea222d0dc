//! Pools for AVX2: 32 or 16 greatest bytes at a time, or 16 sums.

use core::arch::x86_64::{
    __m128i, __m256i, _mm_max_epi8, _mm_min_epi8, _mm_set1_epi8, _mm256_add_epi32,
    _mm256_cvtepi32_ps, _mm256_cvttps_epi32, _mm256_div_ps, _mm256_max_epi8, _mm256_max_epi32,
    _mm256_min_epi8, _mm256_min_epi32, _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_si256, _mm256_sign_epi32,
};

use isokern_core::Cells;

use super::avx2_scale::{narrow, widen};
use super::tile::Windows;
use super::windows::{FLOAT_CELLS_MAX, Place, block, inside, starts};

/// See [`Tile::pool`](super::tile::Tile::windows).
#[target_feature(enable = "avx2")]
pub(super) fn windows(job: &Windows, x: Cells<'_>, y: Cells<'_>) {
    let (input, output) = (job.input, job.output);
    let (rows, columns) = (job.window.rows(), job.window.columns());
    let mut at = 0;
    for row in 0..output.height {
        let cells_y = inside(&rows, row, input.height);
        for column in 0..output.width {
            let cells_x = inside(&columns, column, input.width);
            let cells = Place { rows: cells_y.clone(), columns: cells_x, width: input.width };
            position(job, &cells, x, y.window(at, output.channels));
            at += output.channels;
        }
    }
}

/// Computes all channels of one position. The last block may share channels with the one before it.
#[target_feature(enable = "avx2")]
fn position(job: &Windows, cells: &Place, x: Cells<'_>, y: Cells<'_>) {
    let count = cells.rows.len() * cells.columns.len();
    let is_float = (1..=FLOAT_CELLS_MAX).contains(&count);
    let channels = y.len();
    match channels {
        32.. if job.is_max => {
            for first in starts(32, channels) {
                greatest_32(job, cells, x, (y, first));
            }
        }
        16.. if job.is_max => {
            for first in starts(16, channels) {
                greatest_16(job, cells, x, (y, first));
            }
        }
        8.. if job.is_max => {
            for first in starts(8, channels) {
                greatest_8(job, cells, x, (y, first));
            }
        }
        16.. if is_float => {
            for first in starts(16, channels) {
                means_16(job, cells, x, (y, first));
            }
        }
        8.. if is_float => {
            for first in starts(8, channels) {
                means_8(job, cells, x, (y, first));
            }
        }
        8.. => {
            for first in starts(8, channels) {
                block::<8>(job, cells, x, (y, first));
            }
        }
        _ => {
            for first in 0..channels {
                block::<1>(job, cells, x, (y, first));
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn greatest_32(job: &Windows, cells: &Place, x: Cells<'_>, (y, first): (Cells<'_>, usize)) {
    let mut greatest = _mm256_set1_epi8(i8::MIN);
    for row in cells.rows.clone() {
        let mut place = cells.place(row, y.len(), first);
        for _ in cells.columns.clone() {
            greatest = _mm256_max_epi8(greatest, bytemuck::must_cast(x.load::<32>(place)));
            place += y.len();
        }
    }
    let greatest = _mm256_max_epi8(greatest, _mm256_set1_epi8(job.activation.min));
    let greatest: __m256i = _mm256_min_epi8(greatest, _mm256_set1_epi8(job.activation.max));
    y.store::<32>(first, bytemuck::must_cast(greatest));
}

#[target_feature(enable = "avx2")]
fn greatest_16(job: &Windows, cells: &Place, x: Cells<'_>, (y, first): (Cells<'_>, usize)) {
    let mut greatest = _mm_set1_epi8(i8::MIN);
    for row in cells.rows.clone() {
        let mut place = cells.place(row, y.len(), first);
        for _ in cells.columns.clone() {
            greatest = _mm_max_epi8(greatest, bytemuck::must_cast(x.load::<16>(place)));
            place += y.len();
        }
    }
    let greatest = _mm_max_epi8(greatest, _mm_set1_epi8(job.activation.min));
    let greatest: __m128i = _mm_min_epi8(greatest, _mm_set1_epi8(job.activation.max));
    y.store::<16>(first, bytemuck::must_cast(greatest));
}

#[target_feature(enable = "avx2")]
fn greatest_8(job: &Windows, cells: &Place, x: Cells<'_>, (y, first): (Cells<'_>, usize)) {
    let eight = |values: [i8; 8]| -> __m128i {
        bytemuck::must_cast([i64::from_le_bytes(values.map(i8::cast_unsigned)), 0])
    };
    let mut greatest = _mm_set1_epi8(i8::MIN);
    for row in cells.rows.clone() {
        let mut place = cells.place(row, y.len(), first);
        for _ in cells.columns.clone() {
            greatest = _mm_max_epi8(greatest, eight(x.load(place)));
            place += y.len();
        }
    }
    let greatest = _mm_max_epi8(greatest, _mm_set1_epi8(job.activation.min));
    let greatest: __m128i = _mm_min_epi8(greatest, _mm_set1_epi8(job.activation.max));
    let [eight, _]: [[i8; 8]; 2] = bytemuck::must_cast(greatest);
    y.store::<8>(first, eight);
}

/// See [`float_mean`](super::windows::float_mean), of which this is 16.
#[target_feature(enable = "avx2")]
fn means_16(job: &Windows, cells: &Place, x: Cells<'_>, (y, first): (Cells<'_>, usize)) {
    let mut sums = [_mm256_setzero_si256(); 2];
    for row in cells.rows.clone() {
        let mut place = cells.place(row, y.len(), first);
        for _ in cells.columns.clone() {
            sums[0] = _mm256_add_epi32(sums[0], widen(x.load(place)));
            sums[1] = _mm256_add_epi32(sums[1], widen(x.load(place + 8)));
            place += y.len();
        }
    }
    let [low, high] = sums.map(|sum| mean(job, cells, sum));
    y.store::<16>(first, narrow(low, high));
}

#[target_feature(enable = "avx2")]
fn means_8(job: &Windows, cells: &Place, x: Cells<'_>, (y, first): (Cells<'_>, usize)) {
    let mut sum = _mm256_setzero_si256();
    for row in cells.rows.clone() {
        let mut place = cells.place(row, y.len(), first);
        for _ in cells.columns.clone() {
            sum = _mm256_add_epi32(sum, widen(x.load(place)));
            place += y.len();
        }
    }
    let mean = mean(job, cells, sum);
    let [eight, _]: [[i8; 8]; 2] = bytemuck::must_cast(narrow(mean, mean));
    y.store::<8>(first, eight);
}

/// Returns the outputs for 8 sums.
#[target_feature(enable = "avx2")]
fn mean(job: &Windows, cells: &Place, sum: __m256i) -> __m256i {
    let count = (cells.rows.len() * cells.columns.len()) as i32;
    // Half of the count with the sign of the sum; a sum of zero takes any.
    let half = _mm256_set1_epi32(count / 2);
    let half = _mm256_sign_epi32(half, _mm256_or_si256(sum, _mm256_set1_epi32(1)));
    let numerator = _mm256_cvtepi32_ps(_mm256_add_epi32(sum, half));
    let mean = _mm256_cvttps_epi32(_mm256_div_ps(numerator, _mm256_set1_ps(count as f32)));
    let mean = _mm256_max_epi32(mean, _mm256_set1_epi32(job.activation.min.into()));
    _mm256_min_epi32(mean, _mm256_set1_epi32(job.activation.max.into()))
}
