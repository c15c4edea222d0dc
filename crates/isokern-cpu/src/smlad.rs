//! The DSP instructions of Armv7E-M, and the door to them.
//!
//! Compiled for `thumbv7em` targets alone: all of these have the instructions. Stable
//! Rust has no intrinsics for them yet.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_ops::dual_mac::{DualMac, Halves};

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
        let last_row = stride.checked_mul(3).and_then(|start| rows.get(start..)).unwrap_or(&[]);
        let groups = xs.len().min(last_row.len() / 4);
        if groups == 0 {
            return sums;
        }
        let [mut a, mut b, mut c, mut d] = sums;
        // SAFETY: reads `groups` elements of `xs`, and as many words from the start of
        // each of four rows, which are inside `rows`: the last row has room for them,
        // and the others start before it. Word loads need no alignment on an Armv7E-M;
        // `xs` has that of its words, which `ldrd` does need.
        unsafe {
            asm!(
                "2:",
                "ldrd {even}, {odd}, [{x}], #8",
                "ldr {w}, [{row}, {stride}]",
                "sxtb16 {half}, {w}",
                "smlad {b}, {even}, {half}, {b}",
                "sxtb16 {half}, {w}, ror #8",
                "smlad {b}, {odd}, {half}, {b}",
                "ldr {w}, [{row}, {stride}, lsl #1]",
                "sxtb16 {half}, {w}",
                "smlad {c}, {even}, {half}, {c}",
                "sxtb16 {half}, {w}, ror #8",
                "smlad {c}, {odd}, {half}, {c}",
                "add {w}, {row}, {stride}",
                "ldr {w}, [{w}, {stride}, lsl #1]",
                "sxtb16 {half}, {w}",
                "smlad {d}, {even}, {half}, {d}",
                "sxtb16 {half}, {w}, ror #8",
                "smlad {d}, {odd}, {half}, {d}",
                "ldr {w}, [{row}], #4",
                "sxtb16 {half}, {w}",
                "smlad {a}, {even}, {half}, {a}",
                "sxtb16 {half}, {w}, ror #8",
                "smlad {a}, {odd}, {half}, {a}",
                "subs {groups}, {groups}, #1",
                "bne 2b",
                x = inout(reg) xs.as_ptr() => _,
                row = inout(reg) rows.as_ptr() => _,
                groups = inout(reg) groups => _,
                stride = in(reg) stride,
                a = inout(reg) a,
                b = inout(reg) b,
                c = inout(reg) c,
                d = inout(reg) d,
                even = out(reg) _,
                odd = out(reg) _,
                w = out(reg) _,
                half = out(reg) _,
                options(readonly, nostack),
            );
        }
        [a, b, c, d]
    }
}
