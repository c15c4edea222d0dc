//! The multiplications of a RISC-V with extension M, and the door to them.
//!
//! Compiled where the build script says so: for processors of 32 bits. The compiler moves sums of
//! sixteen products to memory and back, although they have room in registers.

mod channels;
mod products;
mod rounding;
mod rows;
mod store;

use core::cell::Cell;

use isokern_core::Cells;
use isokern_model::requant::Requant;
use isokern_ops::block_mac::{Block, BlockMac, Four};
use isokern_ops::depthwise::{FourChannels, Rectangle, Taps};
use isokern_ops::scale::{Rescale, Scale};
use isokern_ops::single_mac::WideProducts;

/// `MUL`, as [`BlockMac`] describes what to do with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mul;

impl BlockMac for Mul {
    #[inline(always)]
    fn four_by_four(xs: &[Four], rows: &[i8], stride: usize, blocks: &mut [Block]) {
        products::four_by_four(xs, rows, stride, blocks);
    }

    #[inline(always)]
    fn eight_rows(
        xs: &[Cell<i8>],
        zero_point: i32,
        rows: (&[i8], usize, usize),
        sums: &mut [[i32; 4]; 8],
    ) {
        rows::eight_rows(xs, zero_point, rows, sums);
    }

    #[inline(always)]
    fn store(
        sums: &[[i32; 4]],
        requant: &Requant<'_>,
        first: usize,
        ys: Cells<'_>,
        (count, step): (usize, usize),
    ) {
        store::store(sums, requant, first, ys, (count, step));
    }
}

impl FourChannels for Mul {
    const HAS_RECTANGLES: bool = true;

    #[inline(always)]
    fn rectangle(taps: &Taps, xs: &[u32], ys: &[Cell<i8>], size: &Rectangle) {
        channels::rectangle(taps, xs, ys, size);
    }
}

impl Rescale for Mul {
    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        WideProducts::scaled(value, scale)
    }

    #[inline(always)]
    fn requantised(value: i32, scale: Scale, zero_point: i32) -> i8 {
        WideProducts::requantised(value, scale, zero_point)
    }
}
