//! What pools with vector instructions share: windows, means, and blocks of few channels.

use core::ops::Range;

use isokern_core::Cells;
use isokern_model::fixed::clamp;
use isokern_model::geometry::Axis;
use isokern_model::operators::pool::mean;

use super::tile::Windows;

/// Cells of a window up to which a mean is found by a division of floats: half a step of the
/// quotient is above what rounding moves it.
pub(super) const FLOAT_CELLS_MAX: usize = 1 << 12;

/// The cells of a window that are in the image.
pub(super) struct Place {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    /// Columns of the image.
    pub(super) width: usize,
}

impl Place {
    /// Returns the place of channel `first` of the first cell in `row`.
    #[inline(always)]
    pub(super) const fn place(&self, row: usize, channels: usize, first: usize) -> usize {
        (row * self.width + self.columns.start) * channels + first
    }
}

/// Returns the cells that output `position` reads, of `len`; pools are not dilated.
#[inline(always)]
pub(super) fn inside(axis: &Axis, position: usize, len: usize) -> Range<usize> {
    let start = position * axis.stride;
    let end = (start + axis.kernel).saturating_sub(axis.pad).min(len);
    start.saturating_sub(axis.pad).min(end)..end
}

/// Returns where blocks of `width` start that cover `channels`, at least as many; the last ends
/// with them.
#[inline(always)]
pub(super) fn starts(width: usize, channels: usize) -> impl Iterator<Item = usize> {
    (0..channels).step_by(width).map(move |first| first.min(channels - width))
}

/// Computes `N` channels of one position.
#[inline(always)]
pub(super) fn block<const N: usize>(
    job: &Windows,
    cells: &Place,
    x: Cells<'_>,
    (y, first): (Cells<'_>, usize),
) {
    let (min, max) = (job.activation.min, job.activation.max);
    let channels = y.len();
    let values = if job.is_max {
        let mut greatest = [i8::MIN; N];
        for_each(cells, channels, first, |place| {
            for (greatest, found) in greatest.iter_mut().zip(x.load::<N>(place)) {
                *greatest = (*greatest).max(found);
            }
        });
        greatest.map(|value| value.max(min).min(max))
    } else {
        let mut sums = [0_i32; N];
        for_each(cells, channels, first, |place| {
            for (sum, found) in sums.iter_mut().zip(x.load::<N>(place)) {
                *sum = sum.wrapping_add(found.into());
            }
        });
        let count = (cells.rows.len() * cells.columns.len()) as i32;
        let is_float = (1..=FLOAT_CELLS_MAX as i32).contains(&count);
        sums.map(|sum| {
            let mean = if is_float { float_mean(sum, count) } else { mean(sum, count) };
            clamp(mean, min, max)
        })
    };
    y.store(first, values);
}

/// Calls `visit` with the place of each cell's channel `first`.
#[inline(always)]
fn for_each(cells: &Place, channels: usize, first: usize, mut visit: impl FnMut(usize)) {
    for row in cells.rows.clone() {
        let mut place = cells.place(row, channels, first);
        for _ in cells.columns.clone() {
            visit(place);
            place += channels;
        }
    }
}

/// Works as [`mean`], for a `count` of at most [`FLOAT_CELLS_MAX`]: both numbers are exact in
/// `f32`, and a quotient that is no integer is further from one than the division rounds.
#[inline(always)]
pub(super) fn float_mean(sum: i32, count: i32) -> i32 {
    let half = if sum > 0 { count / 2 } else { -(count / 2) };
    ((sum + half) as f32 / count as f32) as i32
}

#[cfg(test)]
mod tests {
    use super::{FLOAT_CELLS_MAX, float_mean};
    use isokern_model::operators::pool::mean;

    #[test]
    fn means_by_float_are_means() {
        for count in (1..300).chain([1023, 2047, 4095, FLOAT_CELLS_MAX as i32]) {
            // Around every quotient there can be, and every half.
            for quotient in -128..=128 {
                for near in -2..=2 {
                    for sum in [quotient * count + near, quotient * count + count / 2 + near] {
                        let sum = sum.clamp(-128 * count, 127 * count);
                        assert_eq!(float_mean(sum, count), mean(sum, count), "{sum} / {count}");
                    }
                }
            }
        }
    }
}
