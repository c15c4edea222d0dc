//! Loops of products: rows of weights by activations of one or two positions.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_ops::dual_mac::{Halves, PairHalves};

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

/// See [`DualMac`](isokern_ops::dual_mac::DualMac).
#[inline(always)]
pub(super) fn four_rows(xs: &[Halves], rows: &[i8], stride: usize, sums: [i32; 4]) -> [i32; 4] {
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
        );
    }
    [a, b, c, d]
}

/// See [`DualMac`](isokern_ops::dual_mac::DualMac).
#[inline(always)]
pub(super) fn two_by_two(xs: &[PairHalves], rows: &[i8], stride: usize, sums: &mut [[i32; 4]]) {
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
