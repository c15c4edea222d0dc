//! The loops of Armv6-M, whose one multiplication gives 32 bits, and the door to them.
//!
//! Compiled where the build script says so. Only eight registers take part in most instructions of
//! these processors; the other ones hold sums, to which any register can be added. The compiler
//! would keep the sums in memory.

mod channels;
mod products;

use core::cell::Cell;

use isokern_ops::depthwise::{FourChannels, Taps};
use isokern_ops::scale::{Rescale, Scale};
use isokern_ops::single_mac::{NarrowProducts, Pair, SingleMac};

/// `MULS`, as [`SingleMac`] describes what to do with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Muls;

impl SingleMac for Muls {
    #[inline(always)]
    fn two_by_two(xs: &[Pair], rows: &[i8], stride: usize, sums: &mut [[i32; 4]]) {
        products::two_by_two(xs, rows, stride, sums);
    }

    #[inline(always)]
    fn four_rows(
        xs: &[Cell<i8>],
        zero_point: i32,
        rows: &[i8],
        stride: usize,
        sums: [i32; 4],
    ) -> [i32; 4] {
        products::four_rows(xs, zero_point, rows, stride, sums)
    }
}

impl FourChannels for Muls {
    #[inline(always)]
    fn sums(taps: &Taps, xs: &[u32]) -> [i32; 4] {
        channels::sums(taps, xs)
    }
}

impl Rescale for Muls {
    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        NarrowProducts::scaled(value, scale)
    }

    #[inline(always)]
    fn requantised(value: i32, scale: Scale, zero_point: i32) -> i8 {
        NarrowProducts::requantised(value, scale, zero_point)
    }
}
