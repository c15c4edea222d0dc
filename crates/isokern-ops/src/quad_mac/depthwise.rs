//! Depthwise convolutions: tiles of four channels by positions.
//!
//! Activations and weights of a kernel cell are a word each, of four channels. The product
//! of one channel alone comes from the word of weights with the others masked out.

use core::array;
use core::cell::Cell;

use isokern_core::Team;
use isokern_model::geometry::Window;
use isokern_model::requant::Requant;

use super::QuadMac;
use super::feed::{Positions, four_times};
use super::scale::{Scale, Target};

/// Ones: the product of a word with it is the sum of its bytes.
const ONES: u32 = 0x0101_0101;

/// What tiles read, in numbers 32 bits wide: see [`Shape`](super::feed::Shape).
pub(super) struct Job<'a> {
    pub(super) window: Window,
    pub(super) height: u32,
    pub(super) width: u32,
    pub(super) out_width: u32,
    pub(super) positions: u32,
    /// Words of four channels in a cell.
    pub(super) quads: u32,
    pub(super) zero_point: i32,
    /// Weights as `[kernel cell][four channels]`.
    pub(super) weights: &'a [u32],
    /// The image as `[cell][four channels]`.
    pub(super) words: &'a [Cell<u32>],
    pub(super) requant: &'a Requant<'a>,
    pub(super) target: Target<'a>,
}

/// Runs the calling rank's share.
#[inline(never)]
pub(super) fn run<D: QuadMac, T: Team>(team: &T, job: &Job<'_>) {
    let job = D::reload(job);
    if (job.quads * job.positions.div_ceil(4)) as usize >= team.size() {
        tiles::<D, T, 4>(team, job);
    } else {
        tiles::<D, T, 1>(team, job);
    }
}

/// Computes all tiles of the calling rank: four channels of `P` positions each.
#[inline(always)]
fn tiles<D: QuadMac, T: Team, const P: usize>(team: &T, job: &Job<'_>) {
    let per_position = P as u32;
    let tile_count = job.quads * job.positions.div_ceil(per_position);
    for tile_index in team.share(tile_count as usize) {
        let job = D::reload(job);
        let quads = job.quads.max(1);
        let quad = tile_index as u32 % quads;
        let first_position = tile_index as u32 / quads * per_position;
        let sums = tile::<D, P>(job, quad, first_position);
        finish::<D, P>(D::reload(job), quad, first_position, &sums);
    }
}

/// The sums of products of some positions, and of each channel's weights.
struct Sums<const P: usize> {
    products: [[i32; 4]; P],
    weights: [i32; 4],
}

/// Returns the sums of one tile.
#[allow(clippy::needless_range_loop)] // As in `dots`.
#[inline(always)]
fn tile<D: QuadMac, const P: usize>(job: &Job<'_>, quad: u32, first_position: u32) -> Sums<P> {
    let window = job.window;
    let pad = four_times(job.zero_point);
    let mut positions = Positions::from(first_position, job.out_width);
    // Where the kernel's first cell is; wrapped where that is in front of the image.
    let corners: [(u32, u32); P] = array::from_fn(|_| {
        let (row, column) = positions.next_place();
        let top = row * u32::from(window.stride_height);
        let left = column * u32::from(window.stride_width);
        (top.wrapping_sub(window.pad_top.into()), left.wrapping_sub(window.pad_left.into()))
    });
    let mut sums = Sums { products: [[0; 4]; P], weights: [0; 4] };
    let mut next = quad;
    for row in 0..u32::from(window.kernel_height) {
        let job = D::reload(job);
        let window = job.window;
        for column in 0..u32::from(window.kernel_width) {
            let Some(&word) = job.weights.get(next as usize) else { return sums };
            next += job.quads;
            let lanes: [u32; 4] = array::from_fn(|lane| word & 0xFF << (8 * lane));
            for lane in 0..4 {
                sums.weights[lane] = D::multiply_add(ONES, lanes[lane], sums.weights[lane]);
            }
            for position in 0..P {
                let (top, left) = corners[position];
                let y = top.wrapping_add(row * u32::from(window.dilation_height));
                let x = left.wrapping_add(column * u32::from(window.dilation_width));
                let cell = if y < job.height && x < job.width {
                    job.words.get(((y * job.width + x) * job.quads + quad) as usize)
                } else {
                    None
                };
                let value = cell.map_or(pad, Cell::get);
                for lane in 0..4 {
                    let sum = sums.products[position][lane];
                    sums.products[position][lane] = D::multiply_add(value, lanes[lane], sum);
                }
            }
        }
    }
    sums
}

/// Requantises and stores the sums of one tile; one channel after the other, in few registers.
#[allow(clippy::needless_range_loop)] // As in `dots`.
#[inline(never)]
fn finish<D: QuadMac, const P: usize>(
    job: &Job<'_>,
    quad: u32,
    first_position: u32,
    sums: &Sums<P>,
) {
    let mut values = [[0_i8; 4]; P];
    for index in 0..4 {
        let job = D::reload(job);
        let channel = quad as usize * 4 + index;
        let scale = Scale::new(job.requant, channel, sums.weights[index], job.zero_point);
        for position in 0..P {
            values[position][index] = scale.value(job.requant, sums.products[position][index]);
        }
    }
    let job = D::reload(job);
    for index in 0..P {
        let position = first_position + index as u32;
        if position < job.positions {
            job.target.store::<4>(((position * job.quads + quad) * 4) as usize, 4, values[index]);
        }
    }
}
