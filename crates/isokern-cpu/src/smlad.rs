//! The DSP instructions of Armv7E-M, and the door to them.
//!
//! Compiled for `thumbv7em` targets alone: all of these have the instructions. Stable
//! Rust has no intrinsics for them yet.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_ops::dual_mac::DualMac;

/// `SXTB16`, `SXTAB16` and `SMLAD`, as [`DualMac`] describes them.
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
        // SAFETY: an Armv7E-M instruction on registers alone. It wraps; the sticky
        // saturation flag it may set is not one the compiler uses.
        unsafe {
            asm!("smlad {}, {}, {}, {}", out(reg) total, in(reg) a, in(reg) b, in(reg) sum,
                options(pure, nomem, nostack, preserves_flags));
        }
        total
    }
}
