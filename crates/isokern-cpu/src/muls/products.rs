//! Loops of products: rows of weights by activations of one or two positions.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;

use isokern_ops::single_mac::Pair;

/// A weight of two rows by those activations of two positions: 13 instructions, 4 products. Rows
/// are counted from their ends, up to zero.
macro_rules! two_by_two {
    () => {
        "ldm r0!, {{r4, r5}}
        ldrsb r6, [r1, r3]
        mov r7, r4
        muls r7, r6, r7
        add r8, r7
        muls r6, r5, r6
        add r9, r6
        ldrsb r6, [r2, r3]
        muls r4, r6, r4
        add r10, r4
        muls r5, r6, r5
        add r11, r5
        adds r3, #1"
    };
}

/// A product of a row: three instructions.
macro_rules! row {
    ($row:literal, $sum:literal) => {
        concat!("ldrsb r7, [", $row, ", r5]\nmuls r7, r6, r7\nadd ", $sum, ", r7\n")
    };
}

/// A weight of four rows by an activation: 15 instructions, 4 products.
macro_rules! four_rows {
    () => {
        concat!(
            "ldrsb r6, [r0, r5]\nadd r6, r12\n",
            row!("r1", "r8"),
            row!("r2", "r9"),
            row!("r3", "r10"),
            row!("r4", "r11"),
            "adds r5, #1",
        )
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
    let sums = sums.as_mut_ptr_range();
    // SAFETY: reads `xs` and reads and writes `sums`, which have the alignment of their words
    // and are not empty, and as many bytes as `xs` has elements from the start of each row:
    // `rows` has room for two of each of `sums`. The registers that are no operands are restored,
    // and the stack too.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r8",
            "mov r7, r9",
            "push {{r6, r7}}",
            "mov r6, r10",
            "mov r7, r11",
            "push {{r6, r7}}",
            // Activations, rows, stride, sums, their end, terms.
            "push {{r0, r1, r2, r3, r4, r5}}",
            "2:",
            "ldr r6, [sp, #12]",
            "ldm r6!, {{r4, r5, r7}}",
            "mov r8, r4",
            "mov r9, r5",
            "mov r10, r7",
            "ldr r4, [r6]",
            "mov r11, r4",
            "ldr r0, [sp]",
            "ldr r1, [sp, #4]",
            "ldr r4, [sp, #8]",
            "ldr r3, [sp, #20]",
            "adds r2, r1, r4",
            "adds r4, r2, r4",
            "str r4, [sp, #4]",
            "adds r1, r1, r3",
            "adds r2, r2, r3",
            "rsbs r3, r3, #0",
            "lsls r4, r3, #31",
            "beq 3f",
            two_by_two!(),
            "beq 4f",
            "3:",
            two_by_two!(),
            two_by_two!(),
            "bne 3b",
            "4:",
            "ldr r6, [sp, #12]",
            "mov r4, r8",
            "mov r5, r9",
            "mov r7, r10",
            "stm r6!, {{r4, r5, r7}}",
            "mov r4, r11",
            "stm r6!, {{r4}}",
            "str r6, [sp, #12]",
            "ldr r4, [sp, #16]",
            "cmp r6, r4",
            "bne 2b",
            "add sp, #24",
            "pop {{r6, r7}}",
            "mov r10, r6",
            "mov r11, r7",
            "pop {{r6, r7}}",
            "mov r8, r6",
            "mov r9, r7",
            "pop {{r6, r7}}",
            inout("r0") xs.as_ptr() => _,
            inout("r1") rows.as_ptr() => _,
            inout("r2") stride => _,
            inout("r3") sums.start => _,
            inout("r4") sums.end => _,
            inout("r5") xs.len() => _,
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
    let mut sums = sums;
    // SAFETY: reads `xs`, which is not empty, and as many bytes from the start of each of four
    // rows, for which `rows` has room; reads and writes the four sums. The registers that are no
    // operands are restored, and the stack too.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r8",
            "mov r7, r9",
            "push {{r6, r7}}",
            "mov r6, r10",
            "mov r7, r11",
            "push {{r3, r6, r7}}",
            "mov r6, r12",
            "push {{r6}}",
            "rsbs r4, r4, #0",
            "mov r12, r4",
            "ldm r3!, {{r4, r6, r7}}",
            "mov r8, r4",
            "mov r9, r6",
            "mov r10, r7",
            "ldr r4, [r3]",
            "mov r11, r4",
            "adds r0, r0, r5",
            "adds r1, r1, r5",
            "adds r3, r2, r2",
            "adds r2, r1, r2",
            "adds r4, r2, r3",
            "adds r3, r1, r3",
            "rsbs r5, r5, #0",
            "lsls r6, r5, #31",
            "beq 2f",
            four_rows!(),
            "beq 3f",
            "2:",
            four_rows!(),
            four_rows!(),
            "bne 2b",
            "3:",
            "pop {{r6}}",
            "mov r12, r6",
            "pop {{r3, r6, r7}}",
            "mov r0, r8",
            "mov r1, r9",
            "mov r2, r10",
            "mov r4, r11",
            "stm r3!, {{r0, r1, r2, r4}}",
            "mov r10, r6",
            "mov r11, r7",
            "pop {{r6, r7}}",
            "mov r8, r6",
            "mov r9, r7",
            "pop {{r6, r7}}",
            inout("r0") xs.as_ptr() => _,
            inout("r1") rows.as_ptr() => _,
            inout("r2") stride => _,
            inout("r3") sums.as_mut_ptr() => _,
            inout("r4") zero_point => _,
            inout("r5") xs.len() => _,
        );
    }
    sums
}
