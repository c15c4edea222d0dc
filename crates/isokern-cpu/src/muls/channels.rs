//! The loop of depthwise convolutions: four channels of a position.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_ops::depthwise::Taps;

/// The products of a channel of two cells with both halves of its weights, which are `$at` bytes
/// past `r0`. `$first` and `$second` bring the channel of the words in `r2` and `r3` to `r6`.
macro_rules! products {
    ($sum:literal, $at:literal, $first:literal, $second:literal) => {
        concat!(
            "ldr r4, [r0, #",
            $at,
            "]\nsxth r5, r4\n",
            $first,
            "\nmuls r6, r5, r6\nadd ",
            $sum,
            ", r6\nasrs r4, r4, #16\n",
            $second,
            "\nmuls r4, r6, r4\nadd ",
            $sum,
            ", r4",
        )
    };
}

/// See [`FourChannels`](isokern_ops::depthwise::FourChannels).
#[inline(always)]
pub(super) fn sums(taps: &Taps, xs: &[u32]) -> [i32; 4] {
    let mut sums = taps.bias();
    if !taps.has_room(xs.len(), usize::MAX, 1) {
        return sums;
    }
    let pairs = taps.pairs().as_ptr_range();
    // SAFETY: reads all pairs of `taps`, of which there is one or more, and of `xs` a word at each
    // of their offsets, which are inside: `has_room` says so. Offsets are multiples of 4. Reads and
    // writes the four sums. The registers that are no operands are restored, and the stack too.
    unsafe {
        asm!(
            "push {{r2, r6, r7}}",
            "mov r4, r8",
            "mov r5, r9",
            "mov r6, r10",
            "mov r7, r11",
            "push {{r4, r5, r6, r7}}",
            "mov r7, r3",
            "ldm r2!, {{r3, r4, r5, r6}}",
            "mov r8, r3",
            "mov r9, r4",
            "mov r10, r5",
            "mov r11, r6",
            "2:",
            "ldm r0!, {{r2, r3}}",
            "ldr r2, [r1, r2]",
            "ldr r3, [r1, r3]",
            products!("r8", 0, "sxtb r6, r2", "sxtb r6, r3"),
            products!(
                "r9",
                4,
                "lsls r6, r2, #16\nasrs r6, r6, #24",
                "lsls r6, r3, #16\nasrs r6, r6, #24"
            ),
            products!(
                "r10",
                8,
                "lsls r6, r2, #8\nasrs r6, r6, #24",
                "lsls r6, r3, #8\nasrs r6, r6, #24"
            ),
            products!("r11", 12, "asrs r6, r2, #24", "asrs r6, r3, #24"),
            "adds r0, #16",
            "cmp r0, r7",
            "bne 2b",
            "ldr r0, [sp, #16]",
            "mov r1, r8",
            "mov r2, r9",
            "mov r3, r10",
            "mov r4, r11",
            "stm r0!, {{r1, r2, r3, r4}}",
            "pop {{r4, r5, r6, r7}}",
            "mov r8, r4",
            "mov r9, r5",
            "mov r10, r6",
            "mov r11, r7",
            "pop {{r2, r6, r7}}",
            inout("r0") pairs.start => _,
            inout("r1") xs.as_ptr() => _,
            inout("r2") sums.as_mut_ptr() => _,
            inout("r3") pairs.end => _,
            out("r4") _,
            out("r5") _,
        );
    }
    sums
}
