//! Convolutions and fully connected operators: tiles of outputs by positions.

use core::array;

use isokern_core::{Cells, Team};
use isokern_model::layout::BLOCK_OUTPUTS;
use isokern_model::requant::Requant;
use isokern_model::weights::Weights;

use super::QuadMac;
use super::feed::{ByteFeed, Feed, Positions, Shape, WordFeed};
use super::lanes::{Lanes, Quad, Single};
use super::scale::{Scale, Target};

/// Dot products of positions with outputs.
pub(super) struct Job<'a> {
    shape: Shape,
    outputs: u32,
    /// Outputs with those the layout adds.
    padded_outputs: u32,
    rows: u32,
    row_groups: u32,
    weights: &'a [i8],
    sums: &'a [i32],
    requant: &'a Requant<'a>,
    x: Cells<'a>,
    target: Target<'a>,
}

impl<'a> Job<'a> {
    #[inline(always)]
    pub(super) fn new(
        shape: Shape,
        weights: &Weights<'a>,
        requant: &'a Requant<'a>,
        x: Cells<'a>,
        y: Cells<'a>,
    ) -> Self {
        Self {
            shape,
            outputs: weights.outputs as u32,
            padded_outputs: weights.outputs.next_multiple_of(BLOCK_OUTPUTS) as u32,
            rows: weights.terms.rows as u32,
            row_groups: weights.terms.row_groups() as u32,
            weights: weights.values,
            sums: weights.sums,
            requant,
            x,
            target: Target::new(y, weights.outputs),
        }
    }
}

/// Runs the calling rank's share; `false`, with nothing done, if the weights are not aligned.
///
/// Chooses the feed and the largest tile that leaves no rank without work.
#[inline(never)]
pub(super) fn run<D: QuadMac, T: Team>(team: &T, job: &Job<'_>) -> bool {
    let (job, x) = (D::reload(job), job.x);
    let (Ok(quads), Ok(singles)) = (
        bytemuck::try_cast_slice::<i8, Quad>(job.weights),
        bytemuck::try_cast_slice::<i8, Single>(job.weights),
    ) else {
        return false;
    };
    let (quad_count, positions) = (job.outputs.div_ceil(4), job.shape.positions);
    let zero_point = job.shape.zero_point;
    let words = if job.shape.has_whole_words() { WordFeed::new(x, zero_point) } else { None };
    let Some(words) = words else {
        tiles::<D, T, _, _, 4, 1>(team, job, quads, ByteFeed::new(x, zero_point));
        return true;
    };
    let ranks = team.size() as u32;
    if quad_count * positions.div_ceil(4) >= ranks {
        tiles::<D, T, _, _, 4, 4>(team, job, quads, words);
    } else if quad_count * positions >= ranks {
        tiles::<D, T, _, _, 4, 1>(team, job, quads, words);
    } else {
        tiles::<D, T, _, _, 1, 1>(team, job, singles, words);
    }
    true
}

/// Computes all tiles of the calling rank: `N` outputs of `P` positions each.
#[inline(always)]
fn tiles<D: QuadMac, T: Team, W: Lanes<N>, F: Feed, const N: usize, const P: usize>(
    team: &T,
    job: &Job<'_>,
    weights: &[W],
    feed: F,
) {
    let (outputs, per_position) = (N as u32, P as u32);
    let tile_count = job.outputs.div_ceil(outputs) * job.shape.positions.div_ceil(per_position);
    for tile_index in team.share(tile_count as usize) {
        let job = D::reload(job);
        let across = job.outputs.div_ceil(outputs).max(1);
        let lane = tile_index as u32 % across;
        let first_position = tile_index as u32 / across * per_position;
        let sums = tile::<D, W, F, N, P>(job, weights, feed, lane, first_position);
        finish::<D, N, P>(D::reload(job), lane * outputs, first_position, &sums);
    }
}

/// Returns the sums of products of one tile.
///
/// Loops over a tile count: iterators over arrays stay loops over memory on a GPU.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn tile<D: QuadMac, W: Lanes<N>, F: Feed, const N: usize, const P: usize>(
    job: &Job<'_>,
    weights: &[W],
    feed: F,
    lane: u32,
    first_position: u32,
) -> [[i32; N]; P] {
    let stride = job.padded_outputs / N as u32;
    let mut positions = Positions::from(first_position, job.shape.out_width);
    let places: [_; P] = array::from_fn(|_| job.shape.place(positions.next_place()));
    let mut sums = [[0_i32; N]; P];
    let mut next = lane;
    for row in 0..job.rows {
        let stretches: [_; P] =
            array::from_fn(|index| feed.stretch(&job.shape, &places[index], row));
        for group in 0..job.row_groups {
            let ws = weights.get(next as usize).copied().map(Lanes::words);
            let Some(ws) = ws else { return sums };
            next += stride;
            for position in 0..P {
                let x = feed.word(&stretches[position], group);
                for output in 0..N {
                    sums[position][output] = D::multiply_add(x, ws[output], sums[position][output]);
                }
            }
        }
    }
    sums
}

/// Requantises and stores the sums of one tile; one output after the other, in few registers.
#[allow(clippy::needless_range_loop)] // As above.
#[inline(never)]
fn finish<D: QuadMac, const N: usize, const P: usize>(
    job: &Job<'_>,
    first_output: u32,
    first_position: u32,
    sums: &[[i32; N]; P],
) {
    let mut values = [[0_i8; N]; P];
    for index in 0..N {
        let job = D::reload(job);
        let output = first_output as usize + index;
        let weight_sum = job.sums.get(output).copied().unwrap_or(0);
        let scale = Scale::new(job.requant, output, weight_sum, job.shape.zero_point);
        for position in 0..P {
            values[position][index] = scale.value(job.requant, sums[position][index]);
        }
    }
    let job = D::reload(job);
    let count = job.outputs.saturating_sub(first_output) as usize;
    for index in 0..P {
        let position = first_position + index as u32;
        if position < job.shape.positions {
            let at = (position * job.outputs + first_output) as usize;
            job.target.store::<N>(at, count, values[index]);
        }
    }
}
