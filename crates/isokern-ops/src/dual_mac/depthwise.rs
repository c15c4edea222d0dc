//! Depthwise convolutions with multiplier 1: four channels at a time.

use core::cell::Cell;

use isokern_core::{Cells, Team};
use isokern_model::Memory;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2dView;

use super::dots::word;
use super::scales::{OUTPUTS, Scales};
use super::{DualMac, both, high, low};

/// Kernel cells the loops take at most.
pub(super) const TAPS_MAX: usize = 25;

/// Runs the calling rank's share of a depthwise convolution; a tile is one position.
#[inline(never)]
pub(super) fn run<D: DualMac, T: Team>(
    team: &T,
    op: &DepthwiseConv2dView<'_>,
    memory: &Memory<'_>,
) {
    let (x, y) = (memory.view(&op.input), memory.view(&op.output));
    let (channels, width) = (op.output.image().channels, op.output.image().width.max(1));
    let zero_point = op.input.zero_point();
    let mut taps = Taps::new();
    let mut scales = Scales::new(&op.requant);
    for position in team.share(op.output.image().positions()) {
        taps.gather(op, x, (position / width, position % width));
        let ys = y.window(position * channels, channels).as_slice();
        let (blocks, rest) = ys.as_chunks::<OUTPUTS>();
        for (group, cells) in blocks.iter().enumerate() {
            let Some(scale) = scales.block(group) else { return };
            let sums = taps.four::<D>(both(-zero_point), group, *scale.bias);
            scale.store(cells, sums, &op.requant);
        }
        let scale = scales.rest();
        let mut sums = *scale.bias;
        for (channel, sum) in (blocks.len() * OUTPUTS..channels).zip(&mut sums) {
            *sum = taps.one(zero_point, channel, *sum);
        }
        scale.store(rest, sums, &op.requant);
    }
}

/// The kernel cells of a position that lie inside the image: activations and weights
/// of all channels, four in a group.
struct Taps<'a> {
    taps: [Tap<'a>; TAPS_MAX],
    count: usize,
}

#[derive(Clone, Copy)]
struct Tap<'a> {
    xs: &'a [Cell<i8>],
    ws: &'a [i8],
}

impl<'a> Taps<'a> {
    #[inline]
    const fn new() -> Self {
        Self { taps: [Tap { xs: &[], ws: &[] }; TAPS_MAX], count: 0 }
    }

    #[inline]
    fn gather(
        &mut self,
        op: &DepthwiseConv2dView<'a>,
        x: Cells<'a>,
        (row, column): (usize, usize),
    ) {
        let input = op.input.image();
        let (rows, columns) = (op.window.rows(), op.window.columns());
        let (row_first, row_end, first_y) = rows.inside(row, input.height);
        let (column_first, column_end, first_x) = columns.inside(column, input.width);
        self.count = 0;
        let mut taps = self.taps.iter_mut();
        for row in row_first..row_end {
            let line = (first_y + (row - row_first) * rows.dilation) * input.width + first_x;
            let mut cell = line * input.channels;
            let mut weight = (row * columns.kernel + column_first) * input.channels;
            for tap in taps.by_ref().take(column_end - column_first) {
                tap.xs = x.window(cell, input.channels).as_slice();
                let tail = op.weights.get(weight..).unwrap_or(&[]);
                tap.ws = tail.get(..input.channels).unwrap_or(&[]);
                // Behind the last tap these are not used, and may be anything.
                cell = cell.wrapping_add(columns.dilation.wrapping_mul(input.channels));
                weight = weight.wrapping_add(input.channels);
                self.count += 1;
            }
        }
    }

    #[inline]
    fn inside(&self) -> &[Tap<'a>] {
        self.taps.get(..self.count).unwrap_or(&[])
    }

    /// The sums of the four channels of a group.
    #[inline]
    fn four<D: DualMac>(&self, offsets: u32, group: usize, bias: [i32; OUTPUTS]) -> [i32; OUTPUTS] {
        let [mut a, mut b, mut c, mut d] = bias;
        for tap in self.inside() {
            let (xs, ws) = (tap.xs.as_chunks().0.get(group), tap.ws.as_chunks().0.get(group));
            let (Some(x), Some(w)) = (xs, ws) else { break };
            let (x, w) = (word(Cells::values(x)), word(*w));
            let (even, odd) = (D::widen_even_by(offsets, x), D::widen_odd_by(offsets, x));
            let (even_w, odd_w) = (D::widen_even(w), D::widen_odd(w));
            a = a.wrapping_add(low(even) * low(even_w));
            b = b.wrapping_add(low(odd) * low(odd_w));
            c = c.wrapping_add(high(even) * high(even_w));
            d = d.wrapping_add(high(odd) * high(odd_w));
        }
        [a, b, c, d]
    }

    /// The sum of one channel, from `bias`.
    #[inline]
    fn one(&self, zero_point: i32, channel: usize, bias: i32) -> i32 {
        self.inside().iter().fold(bias, |sum, tap| {
            match (tap.xs.get(channel), tap.ws.get(channel)) {
                (Some(x), Some(w)) => {
                    sum.wrapping_add((i32::from(x.get()) - zero_point) * i32::from(*w))
                }
                _ => sum,
            }
        })
    }
}
