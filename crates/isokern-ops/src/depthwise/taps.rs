//! What four channels of a depthwise convolution share over all positions.

use isokern_model::requant::Requant;

use super::Rectangle;
use crate::scale::Scale;

/// Channels that are computed at a time.
pub(super) const CHANNELS: usize = 4;

/// Pairs of kernel cells at most.
const PAIRS: usize = 13;

/// Kernel cells at most.
pub(super) const TAPS_MAX: usize = 2 * PAIRS - 1;

/// Two kernel cells: their offsets from the start of a window, in bytes, and their weights of four
/// channels, both of a channel as halves of a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct TapPair {
    offsets: [u32; 2],
    weights: [u32; CHANNELS],
}

impl TapPair {
    /// Returns the words of both cells.
    #[inline]
    pub(super) fn words(&self, xs: &[u32]) -> [u32; 2] {
        let [first, second] = self.offsets;
        let word = |offset: u32| xs.get(offset as usize / 4).copied().unwrap_or(0);
        [word(first), word(second)]
    }

    /// Returns the weights of the channels.
    #[inline]
    pub(super) const fn weights(&self) -> &[u32; CHANNELS] {
        &self.weights
    }
}

/// Weights, biases and scales of four channels, laid out for a loop that reads them in order.
///
/// The biases are less what the zero point of the input adds. There is at least one pair, and all
/// offsets are multiples of 4 below [`reach`](Self::has_room).
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(C)]
pub struct Taps {
    bias: [i32; CHANNELS],
    pairs: [TapPair; PAIRS],
    scales: [Scale; CHANNELS],
    zero_point: i32,
    x_step: usize,
    y_step: usize,
    pair_count: usize,
    /// Bytes from the start of a window to the end of its last cell.
    reach: usize,
}

impl Taps {
    /// Returns taps without channels. Windows start `x_step` bytes apart, a multiple of 4, and
    /// results `y_step`.
    #[inline]
    pub(super) const fn new(x_step: usize, y_step: usize, zero_point: i32) -> Self {
        const NONE: TapPair = TapPair { offsets: [0; 2], weights: [0; CHANNELS] };
        Self {
            bias: [0; CHANNELS],
            pairs: [NONE; PAIRS],
            scales: [Scale { multiplier: 0, left: 1, right: 0 }; CHANNELS],
            zero_point,
            x_step: x_step & !3,
            y_step,
            pair_count: 1,
            reach: 4,
        }
    }

    /// Takes four channels from `first` on, without kernel cells.
    #[inline]
    pub(super) fn start(&mut self, requant: &Requant<'_>, first: usize) {
        for (output, (scale, bias)) in (first..).zip(self.scales.iter_mut().zip(&mut self.bias)) {
            *scale = Scale::of(requant, output);
            *bias = requant.bias.get(output).copied().unwrap_or(0);
        }
        (self.pair_count, self.reach) = (1, 4);
    }

    /// Takes the weights of a kernel cell `offset` bytes after the start of a window; cells are
    /// given in order, from number 0.
    #[inline(never)] // Its registers are not those of the loop.
    pub(super) fn put(&mut self, index: usize, offset: usize, weights: [i8; 4], zero_point: i32) {
        let offset = offset & !3;
        let Some(pair) = self.pairs.get_mut(index / 2) else { return };
        let is_first = index.is_multiple_of(2);
        for ((word, bias), weight) in pair.weights.iter_mut().zip(&mut self.bias).zip(weights) {
            let half = u32::from(i16::from(weight).cast_unsigned());
            // The second of a pair may never come.
            *word = if is_first { half } else { *word & 0xFFFF | half << 16 };
            *bias = bias.wrapping_sub(zero_point.wrapping_mul(weight.into()));
        }
        let [first, second] = &mut pair.offsets;
        if is_first {
            *first = offset as u32;
        }
        *second = offset as u32;
        self.pair_count = index / 2 + 1;
        self.reach = self.reach.max(offset.saturating_add(4));
    }

    /// Returns whether `words` hold the windows, and `cells` the results, of `count` positions.
    #[inline]
    #[must_use]
    pub const fn has_room(&self, words: usize, cells: usize, count: usize) -> bool {
        let Some(last) = count.checked_sub(1) else { return false };
        let xs = last.saturating_mul(self.x_step).saturating_add(self.reach);
        let ys = last.saturating_mul(self.y_step).saturating_add(CHANNELS);
        xs <= words.saturating_mul(4) && ys <= cells
    }

    /// Returns whether `words` hold the windows, and `cells` the results, of a rectangle.
    #[inline]
    #[must_use]
    pub const fn have_room(&self, words: usize, cells: usize, size: &Rectangle) -> bool {
        let Some(last) = size.rows.checked_sub(1) else { return false };
        let (xs, ys) = (last.saturating_mul(size.x_line), last.saturating_mul(size.y_line));
        self.has_room(words.saturating_sub(xs), cells.saturating_sub(ys), size.columns)
    }

    /// Returns the offsets of the second and third row of a kernel of three by three cells that
    /// are neighbours in each row; `None` if the kernel is another one.
    #[inline]
    #[must_use]
    pub const fn three_by_three(&self) -> Option<[usize; 2]> {
        let [first, second, third, fourth, fifth, ..] = &self.pairs;
        let [rows, end] = [[second.offsets[1], fourth.offsets[0]], fifth.offsets];
        let are_neighbours = second.offsets[0] == 8
            && third.offsets[1] == rows[0].wrapping_add(8)
            && end[0] == rows[1].wrapping_add(8);
        // The last is alone in its pair.
        if self.pair_count == 5 && first.offsets[0] == 0 && are_neighbours && end[0] == end[1] {
            return Some([rows[0] as usize, rows[1] as usize]);
        }
        None
    }

    /// Returns the bytes between two windows, a multiple of 4.
    #[inline]
    #[must_use]
    pub const fn x_step(&self) -> usize {
        self.x_step
    }

    /// Returns the cells between the results of two positions.
    #[inline]
    #[must_use]
    pub const fn y_step(&self) -> usize {
        self.y_step
    }

    /// Returns the kernel cells.
    #[inline]
    #[must_use]
    pub fn pairs(&self) -> &[TapPair] {
        self.pairs.get(..self.pair_count).unwrap_or(&self.pairs)
    }

    /// Returns what the sums start with.
    #[inline]
    #[must_use]
    pub const fn bias(&self) -> [i32; CHANNELS] {
        self.bias
    }

    /// Returns the zero point of the output.
    #[inline]
    #[must_use]
    pub const fn zero_point(&self) -> i32 {
        self.zero_point
    }

    /// Returns the scales of the channels.
    #[inline]
    pub(super) const fn scales(&self) -> &[Scale; CHANNELS] {
        &self.scales
    }

    /// Where a loop in assembly finds what it reads, in bytes: scales, zero point, and the steps
    /// of windows and results. Biases are at the start, pairs follow.
    pub const PLACES: [usize; 4] = [
        core::mem::offset_of!(Self, scales),
        core::mem::offset_of!(Self, zero_point),
        core::mem::offset_of!(Self, x_step),
        core::mem::offset_of!(Self, y_step),
    ];
}

const _: () = assert!(core::mem::offset_of!(Taps, bias) == 0);
const _: () = assert!(core::mem::offset_of!(Taps, pairs) == size_of::<[i32; CHANNELS]>());
