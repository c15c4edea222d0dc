//! Depthwise convolutions: tiles of four channels by positions.
//!
//! Activations and weights of a kernel cell are a word each, of four channels. The product
//! of one channel alone comes from the word of weights with the others masked out.

use core::array;
use core::cell::Cell;

use isokern_core::Team;
use isokern_model::Memory;
use isokern_model::geometry::Window;
use isokern_model::operators::depthwise_conv2d::DepthwiseConv2dView;
use isokern_model::requant::Requant;

use super::QuadMac;
use super::feed::{Positions, four_times};
use super::scale::{Scale, Target};

/// Ones: the product of a word with it is the sum of its bytes.
const ONES: u32 = 0x0101_0101;

/// What tiles read, in numbers 32 bits wide: see [`Shape`](super::feed::Shape).
struct Job<'a> {
    window: Window,
    height: u32,
    width: u32,
    out_width: u32,
    positions: u32,
    /// Words of four channels in a cell.
    quads: u32,
    zero_point: i32,
    /// Weights as `[kernel cell][four channels]`.
    weights: &'a [u32],
    /// The image as `[cell][four channels]`.
    words: &'a [Cell<u32>],
    requant: &'a Requant<'a>,
    target: Target<'a>,
}

/// Runs the calling rank's share; `false`, with nothing done, if channels are not whole
/// words.
#[inline(never)]
pub(super) fn run<D: QuadMac, T: Team>(
    team: &T,
    op: &DepthwiseConv2dView<'_>,
    memory: Memory<'_>,
) -> bool {
    let Some(job) = Job::new(op, memory) else { return false };
    let job = D::reload(&job);
    if (job.quads * job.positions.div_ceil(4)) as usize >= team.size() {
        tiles::<D, T, 4>(team, job);
    } else {
        tiles::<D, T, 1>(team, job);
    }
    true
}

impl<'a> Job<'a> {
    #[inline(never)] // All fields are in registers at once here, and nowhere else.
    fn new(op: &'a DepthwiseConv2dView<'a>, memory: Memory<'a>) -> Option<Self> {
        let (input, output) = (op.input.image(), op.output.image());
        if !output.channels.is_multiple_of(4) {
            return None;
        }
        Some(Self {
            window: op.window,
            height: input.height as u32,
            width: input.width as u32,
            out_width: output.width as u32,
            positions: output.positions() as u32,
            quads: output.channels as u32 / 4,
            zero_point: op.input.zero_point(),
            weights: bytemuck::try_cast_slice(op.weights).ok()?,
            words: memory.view(&op.input).as_words()?,
            requant: &op.requant,
            target: Target::new(memory.view(&op.output), output.channels),
        })
    }
}

/// All tiles of the calling rank: four channels of `P` positions each.
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

/// The sums of one tile.
#[allow(clippy::needless_range_loop)] // As in `dots`.
#[inline(always)]
fn tile<D: QuadMac, const P: usize>(job: &Job<'_>, quad: u32, first_position: u32) -> Sums<P> {
    let window = job.window;
    let pad = four_times(job.zero_point);
    let mut positions = Positions::from(first_position, job.out_width);
    // Where the kernel's first cell lies; wrapped where that is in front of the image.
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
