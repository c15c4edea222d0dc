//! The multiply-accumulate of Armv7-M, and the door to it.
//!
//! Compiled where the build script says so: for processors with Thumb-2 and without the DSP
//! instructions of [`smlad`](crate::smlad), which are the Cortex-M3 and any Armv8-M Mainline whose
//! name the compiler is not told.
#![allow(unsafe_code)]

mod channels;
mod products;

use core::arch::asm;
use core::cell::Cell;

use isokern_ops::depthwise::{FourChannels, Taps};
use isokern_ops::scale::{Rescale, Scale};
use isokern_ops::single_mac::{Pair, SingleMac};

use crate::rounding::{requantised, shifted};

/// `MLA`, `SMULL` and `SSAT`, as [`SingleMac`] describes what to do with them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mla;

impl SingleMac for Mla {
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

impl FourChannels for Mla {
    #[inline(always)]
    fn four_channels(taps: &Taps, xs: &[u32], ys: &[Cell<i8>], count: usize) {
        channels::four_channels(taps, xs, ys, count);
    }
}

impl Rescale for Mla {
    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        let Scale { multiplier, left, right } = scale;
        let scaled;
        // SAFETY: Armv7-M instructions on registers and flags; no memory.
        unsafe {
            asm!(
                "lsl {y}, {x}, {left}",
                "smull {low}, {y}, {y}, {multiplier}",
                "add {y}, {y}, {low}, lsr #31",
                shifted!("{y}", "{right}", "#0"),
                y = out(reg) scaled,
                low = out(reg) _,
                x = in(reg) value,
                left = in(reg) left,
                multiplier = in(reg) multiplier,
                right = in(reg) right,
                options(pure, nomem, nostack),
            );
        }
        scaled
    }

    #[inline(always)]
    fn requantised(value: i32, scale: Scale, zero_point: i32) -> i8 {
        let Scale { multiplier, left, right } = scale;
        let requantised: i32;
        // SAFETY: Armv7-M instructions on registers and flags; no memory.
        unsafe {
            asm!(
                "lsl {y}, {x}, {left}",
                "smull {low}, {y}, {y}, {multiplier}",
                "add {y}, {y}, {low}, lsr #31",
                requantised!("{y}", "{right}", "{zero_point}"),
                y = out(reg) requantised,
                low = out(reg) _,
                x = in(reg) value,
                left = in(reg) left,
                multiplier = in(reg) multiplier,
                right = in(reg) right,
                zero_point = in(reg) zero_point,
                options(pure, nomem, nostack),
            );
        }
        requantised as i8
    }
}
