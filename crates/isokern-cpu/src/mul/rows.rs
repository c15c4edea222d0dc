//! The loop of fully connected operators: eight rows of weights by activations.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;

/// The product of the activation in `t2` with a weight of a row: three instructions.
macro_rules! row {
    ($at:literal, $row:literal, $sum:literal) => {
        concat!("lb t3, ", $at, "(", $row, ")\nmul t3, t3, t2\nadd ", $sum, ", ", $sum, ", t3\n",)
    };
}

/// An activation, `$at` past `t0`, with eight weights: 26 instructions, 8 products.
macro_rules! term {
    ($at:literal) => {
        concat!(
            "lb t2, ",
            $at,
            "(t0)\nsub t2, t2, t4\n",
            row!($at, "a0", "s2"),
            row!($at, "a1", "s3"),
            row!($at, "a2", "s4"),
            row!($at, "a3", "s5"),
            row!($at, "a4", "s6"),
            row!($at, "a5", "s7"),
            row!($at, "a6", "s8"),
            row!($at, "a7", "s9"),
        )
    };
}

/// Goes on by some terms.
macro_rules! advance {
    ($by:literal) => {
        concat!(
            "addi t0, t0, ",
            $by,
            "\naddi a0, a0, ",
            $by,
            "\naddi a1, a1, ",
            $by,
            "\naddi a2, a2, ",
            $by,
            "\naddi a3, a3, ",
            $by,
            "\naddi a4, a4, ",
            $by,
            "\naddi a5, a5, ",
            $by,
            "\naddi a6, a6, ",
            $by,
            "\naddi a7, a7, ",
            $by,
        )
    };
}

/// Loads or stores the sums at `t5`.
macro_rules! sums {
    ($what:literal) => {
        concat!(
            $what,
            " s2, 0(t5)\n",
            $what,
            " s3, 16(t5)\n",
            $what,
            " s4, 32(t5)\n",
            $what,
            " s5, 48(t5)\n",
            $what,
            " s6, 64(t5)\n",
            $what,
            " s7, 80(t5)\n",
            $what,
            " s8, 96(t5)\n",
            $what,
            " s9, 112(t5)\n",
        )
    };
}

/// See [`BlockMac`](isokern_ops::block_mac::BlockMac).
#[inline(always)]
pub(super) fn eight_rows(
    xs: &[Cell<i8>],
    zero_point: i32,
    (rows, stride, last): (&[i8], usize, usize),
    sums: &mut [[i32; 4]; 8],
) {
    if xs.is_empty() || last.saturating_mul(stride).saturating_add(xs.len()) > rows.len() {
        return;
    }
    // The last one takes the place of those that are missing.
    let row = |index: usize| rows.as_ptr().wrapping_add(last.min(index) * stride);
    let xs = xs.as_ptr_range();
    // SAFETY: reads `xs`, which is not empty, and as many bytes from the start of each of the rows
    // up to the last one, for which `rows` has room; reads and writes eight sums. No stack.
    unsafe {
        asm!(
            sums!("lw"),
            "sub t6, t1, t0",
            "andi t6, t6, 3",
            "beqz t6, 3f",
            "add t6, t6, t0",
            "2:",
            term!(0),
            advance!(1),
            "bne t0, t6, 2b",
            "beq t0, t1, 4f",
            "3:",
            term!(0),
            term!(1),
            term!(2),
            term!(3),
            advance!(4),
            "bne t0, t1, 3b",
            "4:",
            sums!("sw"),
            inout("a0") row(0) => _,
            inout("a1") row(1) => _,
            inout("a2") row(2) => _,
            inout("a3") row(3) => _,
            inout("a4") row(4) => _,
            inout("a5") row(5) => _,
            inout("a6") row(6) => _,
            inout("a7") row(7) => _,
            inout("t0") xs.start => _,
            in("t1") xs.end,
            out("t2") _,
            out("t3") _,
            in("t4") zero_point,
            in("t5") sums.as_mut_ptr(),
            out("t6") _,
            out("s2") _,
            out("s3") _,
            out("s4") _,
            out("s5") _,
            out("s6") _,
            out("s7") _,
            out("s8") _,
            out("s9") _,
            options(nostack),
        );
    }
}
