//! The loop of convolutions: four rows of weights by activations of four positions.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_ops::block_mac::{Block, Four};

/// The activations of four positions, `$at` terms past `a0`.
macro_rules! activations {
    ($at:literal) => {
        concat!(
            "lh t0, 8*",
            $at,
            "(a0)\nlh t1, 8*",
            $at,
            "+2(a0)\nlh t2, 8*",
            $at,
            "+4(a0)\nlh t3, 8*",
            $at,
            "+6(a0)\n",
        )
    };
}

/// The products of these with a weight of a row: nine instructions, 4 products.
macro_rules! row {
    ($row:literal, $at:literal, $a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "lb t4, ",
            $at,
            "(",
            $row,
            ")\nmul t5, t4, t0\nadd ",
            $a,
            ", ",
            $a,
            ", t5\nmul t5, t4, t1\nadd ",
            $b,
            ", ",
            $b,
            ", t5\nmul t5, t4, t2\nadd ",
            $c,
            ", ",
            $c,
            ", t5\nmul t5, t4, t3\nadd ",
            $d,
            ", ",
            $d,
            ", t5\n",
        )
    };
}

/// A term of four positions and four rows: 40 instructions, 16 products.
macro_rules! term {
    ($at:literal) => {
        concat!(
            activations!($at),
            row!("t6", $at, "s2", "s3", "s4", "s5"),
            row!("ra", $at, "s6", "s7", "s8", "s9"),
            row!("s0", $at, "s10", "s11", "a2", "a3"),
            row!("s1", $at, "a4", "a5", "a6", "a7"),
        )
    };
}

/// Goes on by some terms.
macro_rules! advance {
    ($by:literal) => {
        concat!(
            "addi a0, a0, 8*",
            $by,
            "\naddi t6, t6, ",
            $by,
            "\naddi ra, ra, ",
            $by,
            "\naddi s0, s0, ",
            $by,
            "\naddi s1, s1, ",
            $by,
        )
    };
}

/// Loads or stores the sums of a block at `t5`.
macro_rules! sums {
    ($what:literal) => {
        concat!(
            $what,
            " s2, 0(t5)\n",
            $what,
            " s3, 4(t5)\n",
            $what,
            " s4, 8(t5)\n",
            $what,
            " s5, 12(t5)\n",
            $what,
            " s6, 16(t5)\n",
            $what,
            " s7, 20(t5)\n",
            $what,
            " s8, 24(t5)\n",
            $what,
            " s9, 28(t5)\n",
            $what,
            " s10, 32(t5)\n",
            $what,
            " s11, 36(t5)\n",
            $what,
            " a2, 40(t5)\n",
            $what,
            " a3, 44(t5)\n",
            $what,
            " a4, 48(t5)\n",
            $what,
            " a5, 52(t5)\n",
            $what,
            " a6, 56(t5)\n",
            $what,
            " a7, 60(t5)\n",
        )
    };
}

/// See [`BlockMac`](isokern_ops::block_mac::BlockMac).
#[inline(always)]
pub(super) fn four_by_four(xs: &[Four], rows: &[i8], stride: usize, blocks: &mut [Block]) {
    let Some(last) = (4 * blocks.len()).checked_sub(1) else { return };
    let need = last.saturating_mul(stride).saturating_add(xs.len());
    if xs.is_empty() || need > rows.len() {
        return;
    }
    let (xs, sums) = (xs.as_ptr_range(), blocks.as_mut_ptr_range());
    // SAFETY: reads `xs` and reads and writes `blocks`, which have the alignment of their elements
    // and are not empty, and as many bytes as `xs` has elements from the start of each row: `rows`
    // has room for four of each of `blocks`. The two registers that are no operands are restored,
    // and the stack too.
    unsafe {
        asm!(
            "addi sp, sp, -32",
            "sw s0, 0(sp)",
            "sw s1, 4(sp)",
            // Activations, their end, rows, stride, sums, their end.
            "sw a0, 8(sp)",
            "sw a1, 12(sp)",
            "sw a2, 16(sp)",
            "sw a3, 20(sp)",
            "sw a4, 24(sp)",
            "sw a5, 28(sp)",
            "2:",
            "lw a0, 8(sp)",
            "lw a1, 12(sp)",
            "lw t6, 16(sp)",
            "lw t0, 20(sp)",
            "lw t5, 24(sp)",
            "add ra, t6, t0",
            "add s0, ra, t0",
            "add s1, s0, t0",
            "add t0, s1, t0",
            "sw t0, 16(sp)",
            sums!("lw"),
            // Terms that make no four of them come first: their end.
            "sub t0, a1, a0",
            "andi t0, t0, 24",
            "beqz t0, 4f",
            "add a1, t0, a0",
            "3:",
            term!(0),
            advance!(1),
            "bne a0, a1, 3b",
            "lw a1, 12(sp)",
            "beq a0, a1, 5f",
            "4:",
            term!(0),
            term!(1),
            term!(2),
            term!(3),
            advance!(4),
            "bne a0, a1, 4b",
            "5:",
            "lw t5, 24(sp)",
            sums!("sw"),
            "lw t0, 28(sp)",
            "addi t5, t5, 64",
            "sw t5, 24(sp)",
            "bne t5, t0, 2b",
            "lw s0, 0(sp)",
            "lw s1, 4(sp)",
            "addi sp, sp, 32",
            inout("a0") xs.start => _,
            inout("a1") xs.end => _,
            inout("a2") rows.as_ptr() => _,
            inout("a3") stride => _,
            inout("a4") sums.start => _,
            inout("a5") sums.end => _,
            out("a6") _, out("a7") _,
            out("t0") _, out("t1") _, out("t2") _, out("t3") _, out("t4") _, out("t5") _,
            out("t6") _, out("ra") _,
            out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _,
        );
    }
}
