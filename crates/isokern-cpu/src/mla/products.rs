//! Loops of products: rows of weights by activations of one or two positions.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;

use isokern_ops::single_mac::Pair;

/// Two weights of two rows by those activations of two positions: 13 instructions, 8 products.
macro_rules! two_terms {
    () => {
        "ldm r12!, {{r0, r1, r2, r3}}
        ldrsb r10, [lr], #1
        ldrsb r11, [r6], #1
        mla r4, r0, r10, r4
        mla r5, r1, r10, r5
        mla r8, r0, r11, r8
        mla r9, r1, r11, r9
        ldrsb r10, [lr], #1
        ldrsb r11, [r6], #1
        mla r4, r2, r10, r4
        mla r5, r3, r10, r5
        mla r8, r2, r11, r8
        mla r9, r3, r11, r9"
    };
}

/// A weight of four rows by an activation: 10 instructions, 4 products.
macro_rules! four_rows {
    () => {
        "ldrsb r10, [r12], #1
        ldrsb r11, [r0], #1
        sub r10, r10, r6
        mla r4, r10, r11, r4
        ldrsb r11, [r1], #1
        mla r5, r10, r11, r5
        ldrsb r11, [r2], #1
        mla r8, r10, r11, r8
        ldrsb r11, [r3], #1
        mla r9, r10, r11, r9"
    };
}

/// See [`SingleMac`](isokern_ops::single_mac::SingleMac).
#[inline(always)]
pub(super) fn two_by_two(xs: &[Pair], rows: &[i8], stride: usize, sums: &mut [[i32; 4]]) {
    let Some(last) = (2 * sums.len()).checked_sub(1) else { return };
    let need = last.saturating_mul(stride).saturating_add(xs.len());
    if xs.is_empty() || need > rows.len() {
        return;
    }
    let (xs, sums) = (xs.as_ptr_range(), sums.as_mut_ptr_range());
    // SAFETY: reads `xs` and reads and writes `sums`, which have the alignment of their words
    // and are not empty, and as many bytes as `xs` has elements from the start of each row:
    // `rows` has room for two of each of `sums`. The two registers that are no operands are
    // restored, and the stack too.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            // Rows, stride, sums, their end, activations.
            "push {{r0, r1, r2, r3, r12}}",
            "mov r7, r4",
            "2:",
            "ldm sp, {{r0, r1, r2, r3, r12}}",
            "mov lr, r0",
            "add r6, r0, r1",
            "add r0, r6, r1",
            "str r0, [sp]",
            "ldm r2, {{r4, r5, r8, r9}}",
            // Bit 3 of the length in bytes is that of a single term, bit 4 that of two.
            "sub r0, r7, r12",
            "lsls r0, r0, #28",
            "bpl 3f",
            "ldm r12!, {{r2, r3}}",
            "ldrsb r10, [lr], #1",
            "ldrsb r11, [r6], #1",
            "mla r4, r2, r10, r4",
            "mla r5, r3, r10, r5",
            "mla r8, r2, r11, r8",
            "mla r9, r3, r11, r9",
            "3:",
            "sub r0, r7, r12",
            "lsls r0, r0, #27",
            "bpl 4f",
            two_terms!(),
            "4:",
            "cmp r12, r7",
            "beq 6f",
            "5:",
            two_terms!(),
            two_terms!(),
            "cmp r12, r7",
            "bne 5b",
            "6:",
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

/// See [`SingleMac`](isokern_ops::single_mac::SingleMac).
#[inline(always)]
pub(super) fn four_rows(
    xs: &[Cell<i8>],
    zero_point: i32,
    rows: &[i8],
    stride: usize,
    sums: [i32; 4],
) -> [i32; 4] {
    if xs.is_empty() || stride.saturating_mul(3).saturating_add(xs.len()) > rows.len() {
        return sums;
    }
    let row = |index: usize| rows.as_ptr().wrapping_add(index * stride);
    let [mut a, mut b, mut c, mut d] = sums;
    let xs = xs.as_ptr_range();
    // SAFETY: reads `xs`, which is not empty, and as many bytes from the start of each of four
    // rows, for which `rows` has room. The register that is no operand is restored.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r10",
            "sub r7, lr, r12",
            "lsls r7, r7, #31",
            "beq 2f",
            four_rows!(),
            "cmp r12, lr",
            "beq 3f",
            "2:",
            four_rows!(),
            four_rows!(),
            "cmp r12, lr",
            "bne 2b",
            "3:",
            "pop {{r6, r7}}",
            inout("r0") row(0) => _,
            inout("r1") row(1) => _,
            inout("r2") row(2) => _,
            inout("r3") row(3) => _,
            inout("r4") a,
            inout("r5") b,
            inout("r8") c,
            inout("r9") d,
            inout("r10") zero_point => _,
            out("r11") _,
            inout("r12") xs.start => _,
            inout("lr") xs.end => _,
        );
    }
    [a, b, c, d]
}
