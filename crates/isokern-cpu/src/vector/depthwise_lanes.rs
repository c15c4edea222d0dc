//! What the lanes of a depthwise tile hold: channels, repeated where they are few.

use super::channel_lines::TAPS_MAX;
use super::tile::ChannelDots;

/// Parameters of `N` lanes: lane `l` is channel `first + l % count`.
pub(super) struct Lanes<const N: usize> {
    /// Weights, kernel cell by kernel cell.
    pub(super) weights: [[i8; N]; TAPS_MAX],
    /// Biases, less what the input's zero point adds.
    pub(super) bias: [i32; N],
    /// Multipliers.
    pub(super) multiplier: [i32; N],
    /// Shifts.
    pub(super) shift: [i8; N],
}

impl<const N: usize> Lanes<N> {
    /// Returns the parameters of `count` channels from `first`.
    #[inline(always)]
    pub(super) fn new(job: &ChannelDots<'_>, first: usize, count: usize) -> Self {
        let channels = job.output.channels.max(1);
        let mut lanes =
            Self { weights: [[0; N]; TAPS_MAX], bias: [0; N], multiplier: [0; N], shift: [0; N] };
        let mut sums = [0_i32; N];
        for (target, source) in lanes.weights.iter_mut().zip(job.weights.chunks_exact(channels)) {
            fill(target, source, first, count);
            for (sum, weight) in sums.iter_mut().zip(target) {
                *sum += i32::from(*weight);
            }
        }
        fill(&mut lanes.bias, job.requant.bias, first, count);
        for (bias, sum) in lanes.bias.iter_mut().zip(sums) {
            *bias = bias.wrapping_sub(sum.wrapping_mul(job.zero_point));
        }
        if let ([multiplier], [shift]) = (job.requant.multiplier, job.requant.shift) {
            (lanes.multiplier, lanes.shift) = ([*multiplier; N], [*shift; N]);
        } else {
            fill(&mut lanes.multiplier, job.requant.multiplier, first, count);
            fill(&mut lanes.shift, job.requant.shift, first, count);
        }
        lanes
    }
}

/// Repeats `count` values from `first` over the lanes.
#[inline(always)]
fn fill<V: Copy, const N: usize>(target: &mut [V; N], source: &[V], first: usize, count: usize) {
    let tail = source.get(first..).unwrap_or(&[]);
    match tail.first_chunk::<N>() {
        Some(whole) if count == N => *target = *whole,
        _ => {
            let values = tail.get(..count).unwrap_or(&[]);
            for (lane, value) in target.iter_mut().zip(values.iter().cycle()) {
                *lane = *value;
            }
        }
    }
}
