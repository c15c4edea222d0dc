//! The loop of depthwise convolutions: a channel of a rectangle of positions. The weights of three
//! by three kernel cells are in registers; other kernels are walked by pairs of cells.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;

use isokern_ops::depthwise::{Rectangle, TapPair, Taps};
use isokern_ops::scale::Scale;

use super::rounding::{requantised, steps};

/// Loads the weight of a kernel cell into a register; two cells are a pair of 24 bytes.
macro_rules! weight {
    ($weight:literal, $pair:literal, $half:literal) => {
        concat!("lh ", $weight, ", 24+24*", $pair, "+2*", $half, "(t0)\n")
    };
}

/// Adds the product of a kernel cell to the sum in `t0`.
macro_rules! product {
    ($x:literal, $weight:literal) => {
        concat!("lb t1, ", $x, "\nmul t1, t1, ", $weight, "\nadd t0, t0, t1\n")
    };
}

/// Adds the product of a cell of the pair at `s5`, whose weights are at `s6`, to the sum in `t0`.
macro_rules! cell {
    ($offset:literal, $weight:literal) => {
        concat!(
            "lw t1, ",
            $offset,
            "(s5)\nadd t1, t1, a0\nlb t1, 0(t1)\nlh s7, ",
            $weight,
            "(s6)\nmul t1, t1, s7\nadd t0, t0, t1\n",
        )
    };
}

/// What the loop over rows reads: bytes from the end of one to the next, and between their
/// starts; cells from the end of one to the next; rows that are left; where the pairs end.
#[repr(C)]
struct Rows {
    x_skip: usize,
    x_line: usize,
    y_skip: usize,
    left: usize,
    pairs: *const TapPair,
    pairs_end: *const TapPair,
}

/// See [`FourChannels`](isokern_ops::depthwise::FourChannels).
#[inline(always)]
#[expect(clippy::too_many_lines, reason = "one loop, an instruction a line")]
pub(super) fn rectangle(taps: &Taps, xs: &[u32], ys: &[Cell<i8>], size: &Rectangle) {
    if !taps.have_room(xs.len(), ys.len(), size) {
        return;
    }
    let kernel_rows = taps.three_by_three();
    let [second, third] = kernel_rows.unwrap_or([0; 2]);
    let pairs = taps.pairs().as_ptr_range();
    let (x_row, y_row) = (size.columns * taps.x_step(), size.columns * taps.y_step());
    let start = core::ptr::from_ref(taps).cast::<u8>();
    for channel in 0..4 {
        let x_line = 4 * size.x_line;
        let mut rows = Rows {
            x_skip: x_line.wrapping_sub(x_row),
            x_line,
            y_skip: size.y_line.wrapping_sub(y_row),
            left: size.rows,
            pairs: pairs.start,
            pairs_end: pairs.end,
        };
        // SAFETY: reads bias and scale of a channel where the constants of `taps` say, and the
        // weights of all pairs, of which there is one or more, or of nine kernel cells, which are
        // inside of it; of each window of the rectangle a byte at each of their offsets, plus the
        // channel, and writes a byte for each: `have_room` says that there are so many, and that
        // there is a row and a position. The two registers that are no operands are restored, and
        // the stack too.
        unsafe {
            asm!(
                "addi sp, sp, -16",
                "sw s0, 0(sp)",
                "sw s1, 4(sp)",
                "sw t2, 8(sp)",
                "add a1, a1, a0",
                "add a2, a2, a0",
                "add a6, a6, a0",
                "lw s11, 0(t0)",
                "bnez s4, 1f",
                "lw s2, 16(t2)",
                "lw s3, 20(t2)",
                "addi s4, t0, 24",
                "li s1, 1",
                "j 2f",
                "1:",
                "li s1, 0",
                weight!("s2", 0, 0),
                weight!("s3", 0, 1),
                weight!("s4", 1, 0),
                weight!("s5", 1, 1),
                weight!("s6", 2, 0),
                weight!("s7", 2, 1),
                weight!("s8", 3, 0),
                weight!("s9", 3, 1),
                weight!("s10", 4, 0),
                "2:",
                "lw a7, 0(t1)",
                "lw t2, 4(t1)",
                "lw t4, 8(t1)",
                steps!("t3", "s0", "t4"),
                "li t6, -128",
                "li ra, 127",
                "3:",
                "bnez s1, 6f",
                "lb t0, 0(a0)",
                "mul t0, t0, s2",
                "add t0, t0, s11",
                product!("4(a0)", "s3"),
                product!("8(a0)", "s4"),
                product!("0(a1)", "s5"),
                product!("4(a1)", "s6"),
                product!("8(a1)", "s7"),
                product!("0(a2)", "s8"),
                product!("4(a2)", "s9"),
                product!("8(a2)", "s10"),
                "4:",
                requantised!("t0", "t1", "t2", "a7", "s0", "t3", "t4", "t5", "t6", "ra"),
                "sb t0, 0(a4)",
                "add a0, a0, a3",
                "add a1, a1, a3",
                "add a2, a2, a3",
                "add a4, a4, a5",
                "bne a0, a6, 3b",
                "lw t0, 8(sp)",
                "lw t1, 0(t0)",
                "add a0, a0, t1",
                "add a1, a1, t1",
                "add a2, a2, t1",
                "lw t1, 4(t0)",
                "add a6, a6, t1",
                "lw t1, 8(t0)",
                "add a4, a4, t1",
                "lw t1, 12(t0)",
                "addi t1, t1, -1",
                "sw t1, 12(t0)",
                "bnez t1, 3b",
                "j 8f",
                "6:",
                "mv t0, s11",
                "mv s5, s2",
                "mv s6, s4",
                "7:",
                cell!(0, 0),
                cell!(4, 2),
                "addi s5, s5, 24",
                "addi s6, s6, 24",
                "bne s5, s3, 7b",
                "j 4b",
                "8:",
                "lw s0, 0(sp)",
                "lw s1, 4(sp)",
                "addi sp, sp, 16",
                inout("a0") xs.as_ptr().cast::<u8>().wrapping_add(channel) => _,
                inout("a1") second => _,
                inout("a2") third => _,
                in("a3") taps.x_step(),
                inout("a4") ys.as_ptr().wrapping_add(channel) => _,
                in("a5") taps.y_step(),
                inout("a6") x_row => _,
                out("a7") _,
                inout("t0") start.wrapping_add(4 * channel) => _,
                inout("t1") start
                    .wrapping_add(Taps::PLACES[0] + size_of::<Scale>() * channel) => _,
                inout("t2") &raw mut rows => _,
                out("t3") _,
                out("t4") _,
                in("t5") taps.zero_point(),
                out("t6") _,
                out("ra") _,
                out("s2") _,
                out("s3") _,
                inout("s4") usize::from(kernel_rows.is_some()) => _,
                out("s5") _,
                out("s6") _,
                out("s7") _,
                out("s8") _,
                out("s9") _,
                out("s10") _,
                out("s11") _,
            );
        }
    }
}
