//! The loop that requantises sums and stores them.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_core::Cells;
use isokern_model::requant::Requant;

use super::rounding::{requantised, steps};

/// See [`BlockMac`](isokern_ops::block_mac::BlockMac).
#[inline(always)]
pub(super) fn store(
    sums: &[[i32; 4]],
    requant: &Requant<'_>,
    first: usize,
    ys: Cells<'_>,
    (count, step): (usize, usize),
) {
    // One scale is that of all outputs.
    let (scale, scale_step) = if requant.multiplier.len() == 1 { (0, 0) } else { (first, 1) };
    let scales = scale.saturating_add(if scale_step == 0 { 1 } else { sums.len() });
    let Some(last) = count.checked_sub(1) else { return };
    let cells = last.saturating_mul(step).saturating_add(sums.len());
    let have_room =
        scales <= requant.multiplier.len() && scales <= requant.shift.len() && cells <= ys.len();
    if sums.is_empty() || count > 4 || !have_room {
        return;
    }
    let range = sums.as_ptr_range();
    // SAFETY: reads `sums`, of which there are some, up to four of each; from `scale` on a
    // multiplier and a shift for each, or always the first, and writes a cell for each: all of them
    // were found to be there. No stack.
    unsafe {
        asm!(
            "2:",
            "lw t3, 0(a2)",
            "lb t4, 0(a4)",
            "add a2, a2, a3",
            "add a4, a4, a5",
            // Left is 1 more than a shift above zero; right is one below.
            "li t5, 1",
            "neg t4, t4",
            "bgez t4, 3f",
            "sub t5, t5, t4",
            "li t4, 0",
            "3:",
            steps!("t6", "s2", "t4"),
            "mv s3, a6",
            "add s4, a0, t0",
            "4:",
            "lw t1, 0(a0)",
            requantised!("t1", "t2", "t5", "t3", "s2", "t6", "t4", "s5", "s6", "s7"),
            "sb t1, 0(s3)",
            "addi a0, a0, 4",
            "add s3, s3, a7",
            "bne a0, s4, 4b",
            "addi a0, a0, 16",
            "sub a0, a0, t0",
            "addi a6, a6, 1",
            "bne a0, a1, 2b",
            inout("a0") range.start => _,
            in("a1") range.end,
            inout("a2") requant.multiplier.as_ptr().wrapping_add(scale) => _,
            in("a3") 4 * scale_step,
            inout("a4") requant.shift.as_ptr().wrapping_add(scale) => _,
            in("a5") scale_step,
            inout("a6") ys.as_slice().as_ptr() => _,
            in("a7") step,
            in("t0") 4 * count,
            out("t1") _,
            out("t2") _,
            out("t3") _,
            out("t4") _,
            out("t5") _,
            out("t6") _,
            out("s2") _,
            out("s3") _,
            out("s4") _,
            in("s5") requant.zero_point,
            in("s6") -128,
            in("s7") 127,
            options(nostack),
        );
    }
}
