//! The DSP instructions of Armv7E-M, and the door to them.
//!
//! Compiled where the build script says so: for `thumbv7em` targets, all of which have the
//! instructions, and for processors of `thumbv8m.main` that are named and have them. Stable Rust
//! has no intrinsics for them yet.
#![allow(unsafe_code)]

mod channels;
mod moves;
mod products;

use core::arch::asm;

use core::cell::Cell;

use isokern_ops::depthwise::{FourChannels, Taps};
use isokern_ops::dual_mac::{DualMac, Halves, PairHalves};
use isokern_ops::scale::{Rescale, Scale};

use crate::rounding::{requantised, shifted};

/// `SXTB16`, `SXTAB16`, `SMLAD`, `SMMULR` and their like, as [`DualMac`] describes them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Smlad;

impl DualMac for Smlad {
    #[inline(always)]
    fn widen_even(word: u32) -> u32 {
        let halves;
        // SAFETY: an Armv7E-M instruction on registers alone; no flag, no memory.
        unsafe {
            asm!("sxtb16 {}, {}", out(reg) halves, in(reg) word,
                options(pure, nomem, nostack, preserves_flags));
        }
        halves
    }

    #[inline(always)]
    fn widen_odd(word: u32) -> u32 {
        let halves;
        // SAFETY: an Armv7E-M instruction on registers alone; no flag, no memory.
        unsafe {
            asm!("sxtb16 {}, {}, ror #8", out(reg) halves, in(reg) word,
                options(pure, nomem, nostack, preserves_flags));
        }
        halves
    }

    #[inline(always)]
    fn widen_even_by(offsets: u32, word: u32) -> u32 {
        let halves;
        // SAFETY: an Armv7E-M instruction on registers alone; no flag, no memory.
        unsafe {
            asm!("sxtab16 {}, {}, {}", out(reg) halves, in(reg) offsets, in(reg) word,
                options(pure, nomem, nostack, preserves_flags));
        }
        halves
    }

    #[inline(always)]
    fn widen_odd_by(offsets: u32, word: u32) -> u32 {
        let halves;
        // SAFETY: an Armv7E-M instruction on registers alone; no flag, no memory.
        unsafe {
            asm!("sxtab16 {}, {}, {}, ror #8", out(reg) halves, in(reg) offsets, in(reg) word,
                options(pure, nomem, nostack, preserves_flags));
        }
        halves
    }

    #[inline(always)]
    fn multiply_add(a: u32, b: u32, sum: i32) -> i32 {
        let total;
        // SAFETY: an Armv7E-M instruction on registers and the sticky saturation flag,
        // which is therefore not said to be preserved; no memory.
        unsafe {
            asm!("smlad {}, {}, {}, {}", out(reg) total, in(reg) a, in(reg) b, in(reg) sum,
                options(pure, nomem, nostack));
        }
        total
    }

    #[inline(always)]
    fn four_rows(xs: &[Halves], rows: &[i8], stride: usize, sums: [i32; 4]) -> [i32; 4] {
        products::four_rows(xs, rows, stride, sums)
    }

    #[inline(always)]
    fn two_by_two(xs: &[PairHalves], rows: &[i8], stride: usize, sums: &mut [[i32; 4]]) {
        products::two_by_two(xs, rows, stride, sums);
    }

    #[inline(always)]
    fn widen<const STEP: usize>(xs: &[Cell<i8>], offsets: u32, halves: &mut [Halves]) {
        moves::widen::<STEP>(xs, offsets, halves);
    }
}

impl FourChannels for Smlad {
    #[inline(always)]
    fn words_apart(xs: &[Cell<i8>], step: usize, words: &mut [u32]) {
        moves::words_apart(xs, step, words);
    }

    #[inline(always)]
    fn four_channels(taps: &Taps, xs: &[u32], ys: &[Cell<i8>], count: usize) {
        channels::four_channels(taps, xs, ys, count);
    }
}

impl Rescale for Smlad {
    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        let Scale { multiplier, left, right } = scale;
        let scaled;
        // SAFETY: Armv7E-M instructions on registers and flags; no memory.
        unsafe {
            asm!(
                "lsl {y}, {x}, {left}",
                "smmulr {y}, {y}, {multiplier}",
                shifted!("{y}", "{right}", "#0"),
                y = out(reg) scaled,
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
        // SAFETY: Armv7E-M instructions on registers and flags; no memory.
        unsafe {
            asm!(
                "lsl {y}, {x}, {left}",
                "smmulr {y}, {y}, {multiplier}",
                requantised!("{y}", "{right}", "{zero_point}"),
                y = out(reg) requantised,
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

    #[inline(always)]
    fn requantised_wide(value: i32, scale: Scale, zero_point: i32) -> i8 {
        let Scale { multiplier, left, right } = scale;
        let requantised: i32;
        // SAFETY: Armv7E-M instructions on registers and flags; no memory.
        unsafe {
            asm!(
                "lsl {y}, {x}, {left}",
                "smull {low}, {y}, {y}, {multiplier}",
                "adds {low}, {low}, #0x40000000",
                "adc {y}, {y}, #0",
                "lsl {y}, {y}, #1",
                "orr {y}, {y}, {low}, lsr #31",
                shifted!("{y}", "{right}", "#0"),
                "qadd {y}, {y}, {zero_point}",
                "ssat {y}, #8, {y}",
                y = out(reg) requantised,
                low = out(reg) _,
                x = in(reg) value,
                left = in(reg) left.wrapping_sub(1),
                multiplier = in(reg) multiplier,
                right = in(reg) right,
                zero_point = in(reg) zero_point,
                options(pure, nomem, nostack),
            );
        }
        requantised as i8
    }
}
