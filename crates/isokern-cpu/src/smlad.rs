//! The DSP instructions of Armv7E-M, and the door to them.
//!
//! Compiled for `thumbv7em` targets alone: all of these have the instructions. Stable
//! Rust has no intrinsics for them yet.
#![allow(unsafe_code)]

use core::arch::asm;

use core::cell::Cell;

use isokern_ops::dual_mac::{DualMac, Halves, PairHalves, Scale, Taps};

/// Four weights of two rows by those activations of two positions: 15 instructions, 16 products.
macro_rules! two_by_two {
    () => {
        "ldm r12!, {{r0, r1, r2, r3}}
        ldr r10, [lr], #4
        sxtb16 r11, r10
        smlad r4, r0, r11, r4
        smlad r5, r2, r11, r5
        sxtb16 r10, r10, ror #8
        smlad r4, r1, r10, r4
        smlad r5, r3, r10, r5
        ldr r10, [r6], #4
        sxtb16 r11, r10
        smlad r8, r0, r11, r8
        smlad r9, r2, r11, r9
        sxtb16 r10, r10, ror #8
        smlad r8, r1, r10, r8
        smlad r9, r3, r10, r9"
    };
}

/// Four weights of four rows by as many activations: 21 instructions, 16 products.
macro_rules! four_rows {
    () => {
        "ldrd r10, r11, [r12], #8
        ldr r6, [r0], #4
        sxtb16 r7, r6
        smlad r4, r10, r7, r4
        sxtb16 r6, r6, ror #8
        smlad r4, r11, r6, r4
        ldr r6, [r1], #4
        sxtb16 r7, r6
        smlad r5, r10, r7, r5
        sxtb16 r6, r6, ror #8
        smlad r5, r11, r6, r5
        ldr r6, [r2], #4
        sxtb16 r7, r6
        smlad r8, r10, r7, r8
        sxtb16 r6, r6, ror #8
        smlad r8, r11, r6, r8
        ldr r6, [r3], #4
        sxtb16 r7, r6
        smlad r9, r10, r7, r9
        sxtb16 r6, r6, ror #8
        smlad r9, r11, r6, r9"
    };
}

/// A sum to a byte, by the next scale at `lr`; the zero point is in `r3`. As in
/// [`DualMac::scaled`] below.
macro_rules! requantised {
    ($sum:literal) => {
        concat!(
            "ldm lr!, {{r0, r1, r2}}\n",
            "lsl ",
            $sum,
            ", ",
            $sum,
            ", r1\n",
            "smmulr ",
            $sum,
            ", ",
            $sum,
            ", r0\n",
            "adds ",
            $sum,
            ", ",
            $sum,
            ", ",
            $sum,
            ", asr #31\n",
            "asrs ",
            $sum,
            ", ",
            $sum,
            ", r2\n",
            "adc ",
            $sum,
            ", ",
            $sum,
            ", r3\n",
            "ssat ",
            $sum,
            ", #8, ",
            $sum,
        )
    };
}

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
        let row = |index: usize| {
            let start = stride.checked_mul(index);
            start.and_then(|start| rows.get(start..)).unwrap_or(&[])
        };
        let [first, second, third, fourth] = [row(0), row(1), row(2), row(3)];
        let groups = xs.len().min(fourth.len() / 4);
        if groups == 0 {
            return sums;
        }
        let [mut a, mut b, mut c, mut d] = sums;
        let start = xs.as_ptr();
        // SAFETY: reads `groups` elements of `xs`, and as many words from the start of
        // each of four rows, which are inside `rows`: the last row has room for them,
        // and the others start before it. Word loads need no alignment on an Armv7E-M;
        // `xs` has that of its words, which `ldrd` does need. The two registers that are no
        // operands are restored.
        unsafe {
            asm!(
                "push {{r6, r7}}",
                "2:",
                four_rows!(),
                "cmp r12, lr",
                "bne 2b",
                "pop {{r6, r7}}",
                inout("r0") first.as_ptr() => _,
                inout("r1") second.as_ptr() => _,
                inout("r2") third.as_ptr() => _,
                inout("r3") fourth.as_ptr() => _,
                inout("r4") a,
                inout("r5") b,
                inout("r8") c,
                inout("r9") d,
                out("r10") _,
                out("r11") _,
                inout("r12") start => _,
                inout("lr") start.wrapping_add(groups) => _,
                options(readonly),
            );
        }
        [a, b, c, d]
    }

    #[inline(always)]
    fn scaled(value: i32, scale: Scale) -> i32 {
        let Scale { multiplier, left, right } = scale;
        let scaled;
        // SAFETY: Armv7E-M instructions on registers and flags; no memory.
        unsafe {
            asm!(
                "lsl {y}, {x}, {left}",
                "smmulr {y}, {y}, {multiplier}",
                // The last bit that is shifted out is the carry, and that of a negative value's
                // addition where none is.
                "adds {y}, {y}, {y}, asr #31",
                "asrs {y}, {y}, {right}",
                "adc {y}, {y}, #0",
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
                "adds {y}, {y}, {y}, asr #31", // As in `scaled`.
                "asrs {y}, {y}, {right}",
                "adc {y}, {y}, {zero_point}",
                "ssat {y}, #8, {y}",
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
                "adds {y}, {y}, {y}, asr #31", // As in `scaled`.
                "asrs {y}, {y}, {right}",
                "adc {y}, {y}, #0",
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

    #[inline(always)]
    fn two_by_two(xs: &[PairHalves], rows: &[i8], stride: usize, sums: &mut [[i32; 4]]) {
        let Some(last) = (2 * sums.len()).checked_sub(1) else { return };
        let need = last.saturating_mul(stride).saturating_add(4 * xs.len());
        if xs.is_empty() || need > rows.len() {
            return;
        }
        let (xs, sums) = (xs.as_ptr_range(), sums.as_mut_ptr_range());
        // SAFETY: reads `xs` and reads and writes `sums`, which have the alignment of their words
        // and are not empty, and as many words as `xs` has elements from the start of each row:
        // `rows` has room for two of each of `sums`. Word loads need no alignment on an Armv7E-M.
        // The two registers that are no operands are restored, and the stack too.
        unsafe {
            asm!(
                "push {{r6, r7}}",
                "push {{r0, r1, r2, r3, r12}}",
                "mov r7, r4",
                "2:",
                // Rows, stride, sums, their end, activations.
                "ldm sp, {{r0, r1, r2, r3, r12}}",
                "mov lr, r0",
                "add r6, r0, r1",
                "add r0, r6, r1",
                "str r0, [sp]",
                "ldm r2, {{r4, r5, r8, r9}}",
                "sub r0, r7, r12",
                "lsls r0, r0, #27",
                "beq 3f",
                two_by_two!(),
                "cmp r12, r7",
                "beq 4f",
                "3:",
                two_by_two!(),
                two_by_two!(),
                "cmp r12, r7",
                "bne 3b",
                "4:",
                "ldrd r2, r3, [sp, #8]",
                "stm r2!, {{r4, r5, r8, r9}}",
                "str r2, [sp, #8]",
                "cmp r2, r3",
                "bne 2b",
                "add sp, #20",
                "pop {{r6, r7}}",
                inout("r0") rows.as_ptr() => _,
                inout("r1") stride => _,
                inout("r2") sums.start => _,
                inout("r3") sums.end => _,
                inout("r4") xs.end => _,
                out("r5") _,
                out("r8") _,
                out("r9") _,
                out("r10") _,
                out("r11") _,
                inout("r12") xs.start => _,
                out("lr") _,
            );
        }
    }

    #[inline(always)]
    fn widen<const STEP: usize>(xs: &[Cell<i8>], offsets: u32, halves: &mut [Halves]) {
        let groups = (xs.len() / 4).min(halves.len().div_ceil(STEP));
        // SAFETY: reads `groups` words of `xs` and writes as many elements of `halves`, each of
        // which starts inside. Word loads need no alignment on an Armv7E-M; `halves` has that of
        // its words, which `strd` needs.
        unsafe {
            asm!(
                "lsrs {pairs}, {groups}, #1",
                "beq 3f",
                "2:",
                "ldr {word}, [{x}], #4",
                "sxtab16 {even}, {offsets}, {word}",
                "sxtab16 {odd}, {offsets}, {word}, ror #8",
                "strd {even}, {odd}, [{halves}], #{step}",
                "ldr {word}, [{x}], #4",
                "sxtab16 {even}, {offsets}, {word}",
                "sxtab16 {odd}, {offsets}, {word}, ror #8",
                "strd {even}, {odd}, [{halves}], #{step}",
                "subs {pairs}, {pairs}, #1",
                "bne 2b",
                "3:",
                "lsls {groups}, {groups}, #31",
                "beq 4f",
                "ldr {word}, [{x}]",
                "sxtab16 {even}, {offsets}, {word}",
                "sxtab16 {odd}, {offsets}, {word}, ror #8",
                "strd {even}, {odd}, [{halves}]",
                "4:",
                step = const STEP * size_of::<Halves>(),
                x = inout(reg) xs.as_ptr() => _,
                halves = inout(reg) halves.as_mut_ptr() => _,
                groups = inout(reg) groups => _,
                offsets = in(reg) offsets,
                pairs = out(reg) _,
                word = out(reg) _,
                even = out(reg) _,
                odd = out(reg) _,
                options(nostack),
            );
        }
    }

    #[inline(always)]
    fn words_apart(xs: &[Cell<i8>], step: usize, words: &mut [u32]) {
        let count = words.len();
        let Some(last) = count.checked_sub(1) else { return };
        if last.saturating_mul(step).saturating_add(4) > xs.len() {
            return;
        }
        // SAFETY: reads a word at every `step` bytes of `xs`, `count` of them, the last of which
        // is inside, and writes as many to `words`. Word loads need no alignment on an Armv7E-M;
        // `words` has that of its elements, which `strd` needs.
        unsafe {
            asm!(
                "lsrs {pairs}, {count}, #1",
                "beq 3f",
                "2:",
                "ldr {first}, [{x}]",
                "ldr {second}, [{x}, {step}]",
                "add {x}, {x}, {step}, lsl #1",
                "strd {first}, {second}, [{word}], #8",
                "subs {pairs}, {pairs}, #1",
                "bne 2b",
                "3:",
                "lsls {count}, {count}, #31",
                "beq 4f",
                "ldr {first}, [{x}]",
                "str {first}, [{word}]",
                "4:",
                x = inout(reg) xs.as_ptr() => _,
                word = inout(reg) words.as_mut_ptr() => _,
                count = inout(reg) count => _,
                step = in(reg) step,
                pairs = out(reg) _,
                first = out(reg) _,
                second = out(reg) _,
                options(nostack),
            );
        }
    }

    #[inline(always)]
    fn four_channels(taps: &Taps, xs: &[u32], ys: &[Cell<i8>], count: usize) {
        if !taps.has_room(xs.len(), ys.len(), count) {
            return;
        }
        let start = core::ptr::from_ref(taps);
        let end = taps.pairs().as_ptr_range().end;
        // SAFETY: reads `taps` where its constants say, with all of its pairs, of which there is
        // one or more; of `xs` a word at each offset of a pair in `count` windows, and writes four
        // bytes of `ys` for each: `has_room` says that there are so many. Offsets are multiples
        // of 4. The two registers that are no operands are restored, and the stack too.
        unsafe {
            asm!(
                "push {{r6, r7}}",
                "push {{r0, r1, r2}}",
                "mov r7, r3",
                "mov lr, r0",
                "2:",
                "ldm lr!, {{r4, r5, r8, r9}}",
                "3:",
                "ldm lr!, {{r0, r1, r2, r3, r10, r11}}",
                "ldr r0, [r12, r0]",
                "ldr r1, [r12, r1]",
                "pkhbt r6, r0, r1, lsl #16",
                "pkhtb r1, r1, r0, asr #16",
                "sxtb16 r0, r6",
                "smlad r4, r0, r2, r4",
                "sxtb16 r6, r6, ror #8",
                "smlad r5, r6, r3, r5",
                "sxtb16 r0, r1",
                "smlad r8, r0, r10, r8",
                "sxtb16 r1, r1, ror #8",
                "smlad r9, r1, r11, r9",
                "cmp lr, r7",
                "bne 3b",
                "ldr lr, [sp]",
                "ldr r3, [lr, #{zero_point}]",
                "ldr r10, [lr, #{x_step}]",
                "ldr r11, [lr, #{y_step}]",
                "add r12, r12, r10",
                "add lr, lr, #{scales}",
                requantised!("r4"),
                requantised!("r5"),
                requantised!("r8"),
                requantised!("r9"),
                "bfi r4, r5, #8, #8",
                "bfi r4, r8, #16, #8",
                "bfi r4, r9, #24, #8",
                "ldrd r0, r1, [sp, #4]",
                "str r4, [r0]",
                "add r0, r0, r11",
                "subs r1, r1, #1",
                "strd r0, r1, [sp, #4]",
                "ldr lr, [sp]",
                "bne 2b",
                "add sp, #12",
                "pop {{r6, r7}}",
                scales = const Taps::PLACES[0],
                zero_point = const Taps::PLACES[1],
                x_step = const Taps::PLACES[2],
                y_step = const Taps::PLACES[3],
                inout("r0") start => _,
                inout("r1") ys.as_ptr() => _,
                inout("r2") count => _,
                inout("r3") end => _,
                out("r4") _,
                out("r5") _,
                out("r8") _,
                out("r9") _,
                out("r10") _,
                out("r11") _,
                inout("r12") xs.as_ptr() => _,
                out("lr") _,
            );
        }
    }
}
