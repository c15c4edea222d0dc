//! The loop of depthwise convolutions: four channels of a row of positions.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;

use isokern_ops::depthwise::Taps;

/// The products of a channel of two cells, whose words are in `r0` and `r1`, with both halves of
/// its weights: six instructions.
macro_rules! products {
    ($sum:literal, $weights:literal, $turn:literal) => {
        concat!(
            "sxtb r6, r0",
            $turn,
            "\nsxth r7, ",
            $weights,
            "\nmla ",
            $sum,
            ", r6, r7, ",
            $sum,
            "\nsxtb r6, r1",
            $turn,
            "\nasr r7, ",
            $weights,
            ", #16\nmla ",
            $sum,
            ", r6, r7, ",
            $sum,
        )
    };
}

/// A sum to a byte, by the next scale at `lr`; the zero point is in `r3`.
macro_rules! next_byte {
    ($sum:literal) => {
        concat!(
            "ldm lr!, {{r0, r1, r2}}\n",
            "lsl ",
            $sum,
            ", ",
            $sum,
            ", r1\n",
            "smull r1, ",
            $sum,
            ", ",
            $sum,
            ", r0\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", r1, lsr #31\n",
            crate::rounding::requantised!($sum, "r2", "r3"),
        )
    };
}

/// See [`FourChannels`](isokern_ops::depthwise::FourChannels).
#[inline(always)]
pub(super) fn four_channels(taps: &Taps, xs: &[u32], ys: &[Cell<i8>], count: usize) {
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
            // Taps, results, positions, end of the pairs.
            "push {{r0, r1, r2, r3}}",
            "mov lr, r0",
            "2:",
            "ldm lr!, {{r4, r5, r8, r9}}",
            "3:",
            "ldm lr!, {{r0, r1, r2, r3, r10, r11}}",
            "ldr r0, [r12, r0]",
            "ldr r1, [r12, r1]",
            products!("r4", "r2", ""),
            products!("r5", "r3", ", ror #8"),
            products!("r8", "r10", ", ror #16"),
            products!("r9", "r11", ", ror #24"),
            "ldr r6, [sp, #12]",
            "cmp lr, r6",
            "bne 3b",
            "ldr lr, [sp]",
            "ldr r3, [lr, #{zero_point}]",
            "ldr r10, [lr, #{x_step}]",
            "ldr r11, [lr, #{y_step}]",
            "add r12, r12, r10",
            "add lr, lr, #{scales}",
            next_byte!("r4"),
            next_byte!("r5"),
            next_byte!("r8"),
            next_byte!("r9"),
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
            "add sp, #16",
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
