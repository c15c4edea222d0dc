//! Four channels of a depthwise convolution, position after position.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;
use core::mem::offset_of;

use isokern_ops::lane_mac::{Channels, FourScales};

/// What the loop reads, and the place where it counts rows.
#[repr(C)]
struct Frame {
    bias: [i32; 4],
    scales: FourScales,
    columns: usize,
    x_column: usize,
    /// From after the last cell of a row of the window to the next row.
    x_next: isize,
    rows: usize,
    xs: *const Cell<i8>,
    ys: *const Cell<i8>,
    count: usize,
    lines: usize,
    taps: *const [i32; 4],
    /// From after the last weights of a row to the next, in bytes.
    taps_next: usize,
    x_step: usize,
    y_step: usize,
    x_line_next: isize,
    y_line_next: isize,
    min: i32,
    max: i32,
    zero_point: i32,
    negative_x_zero_point: i32,
}

/// Computes all positions; none if there is not room for all.
#[inline(never)] // Its registers are not those of the caller.
pub(super) fn run(job: &Channels<'_>) {
    if !job.has_room() {
        return;
    }
    let [rows, columns] = job.window;
    let [lines, count] = job.positions;
    let next = |[outer, inner]: [usize; 2], count: usize| {
        outer.wrapping_sub(inner.wrapping_mul(count)).cast_signed()
    };
    let mut frame = Frame {
        bias: job.bias,
        scales: job.scales,
        columns,
        x_column: job.x_cells[1],
        x_next: next(job.x_cells, columns),
        rows,
        xs: job.xs.as_ptr(),
        ys: job.ys.as_ptr(),
        count,
        lines,
        taps: job.taps.as_ptr(),
        taps_next: (job.taps_row - columns) * size_of::<[i32; 4]>(),
        x_step: job.x_steps[1],
        y_step: job.y_steps[1],
        x_line_next: next(job.x_steps, count),
        y_line_next: next(job.y_steps, count),
        min: job.activation.min.into(),
        max: job.activation.max.into(),
        zero_point: job.zero_point,
        negative_x_zero_point: -job.x_zero_point,
    };
    // SAFETY: `has_room` says that the four channels of every cell of every window are there, a
    // vector of weights for each cell of a window, and four cells for the results of each position.
    // Counts are not 0. `r6` and `r7` are put back; the other registers are named.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "vldrw.u32 q3, [r0, #{BIAS}]",
            "vldrw.u32 q4, [r0, #{MULTIPLIER}]",
            "vldrw.u32 q5, [r0, #{LEFT}]",
            "vldrw.u32 q6, [r0, #{RIGHT}]",
            "ldrd r1, r2, [r0, #{COLUMNS}]",
            "ldrd r3, r11, [r0, #{X_NEXT}]",
            "ldrd r9, r5, [r0, #{XS}]",
            "ldrd r10, r12, [r0, #{TAPS}]",
            // The weights of a window times the zero point of the input.
            "mov r6, r11",
            "vmov.i32 q2, #0",
            "2:",
            "dls lr, r1",
            "3:",
            "vldrw.u32 q1, [r10], #16",
            "vadd.i32 q2, q2, q1",
            "le lr, 3b",
            "add r10, r12",
            "subs r6, #1",
            "bne 2b",
            "ldr r6, [r0, #{X_ZERO_POINT}]",
            "vmla.s32 q3, q2, r6",
            // A row of positions.
            "5:",
            "ldr r8, [r0, #{COUNT}]",
            // A position.
            "2:",
            "mov r4, r9",
            "ldrd r10, r12, [r0, #{TAPS}]",
            "mov r6, r11",
            "vmov q2, q3",
            // A row of its window.
            "3:",
            "dls lr, r1",
            "4:",
            "vldrb.s32 q0, [r4]",
            "add r4, r2",
            "vldrw.u32 q1, [r10], #16",
            "vmul.i32 q0, q0, q1",
            "vadd.i32 q2, q2, q0",
            "le lr, 4b",
            "add r4, r3",
            "add r10, r12",
            "subs r6, #1",
            "bne 3b",
            "vshl.s32 q2, q2, q5",
            "vqrdmulh.s32 q2, q2, q4",
            // A negative value moves one down before it is rounded to the right.
            "vand q0, q2, q6",
            "vshr.s32 q0, q0, #31",
            "vqadd.s32 q2, q2, q0",
            "vrshl.s32 q2, q2, q6",
            "ldr r6, [r0, #{ZERO_POINT}]",
            "ldrd r7, r12, [r0, #{MIN}]",
            "vqadd.s32 q2, q2, r6",
            "vdup.32 q0, r7",
            "vmax.s32 q2, q2, q0",
            "vdup.32 q0, r12",
            "vmin.s32 q2, q2, q0",
            "vstrb.32 q2, [r5]",
            "ldrd r6, r7, [r0, #{X_STEP}]",
            "add r9, r6",
            "add r5, r7",
            "subs.w r8, r8, #1",
            "bne 2b",
            "ldrd r6, r7, [r0, #{X_LINE_NEXT}]",
            "ldr r8, [r0, #{LINES}]",
            "add r9, r6",
            "add r5, r7",
            "subs.w r8, r8, #1",
            "str r8, [r0, #{LINES}]",
            "bne 5b",
            "pop {{r6, r7}}",
            BIAS = const offset_of!(Frame, bias),
            MULTIPLIER = const offset_of!(Frame, scales.multiplier),
            LEFT = const offset_of!(Frame, scales.left),
            RIGHT = const offset_of!(Frame, scales.right),
            COLUMNS = const offset_of!(Frame, columns),
            X_NEXT = const offset_of!(Frame, x_next),
            XS = const offset_of!(Frame, xs),
            COUNT = const offset_of!(Frame, count),
            TAPS = const offset_of!(Frame, taps),
            ZERO_POINT = const offset_of!(Frame, zero_point),
            MIN = const offset_of!(Frame, min),
            X_ZERO_POINT = const offset_of!(Frame, negative_x_zero_point),
            LINES = const offset_of!(Frame, lines),
            X_LINE_NEXT = const offset_of!(Frame, x_line_next),
            X_STEP = const offset_of!(Frame, x_step),
            in("r0") &raw mut frame,
            out("r1") _,
            out("r2") _,
            out("r3") _,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            out("lr") _,
            out("d0") _,
            out("d1") _,
            out("d2") _,
            out("d3") _,
            out("d4") _,
            out("d5") _,
            out("d6") _,
            out("d7") _,
            out("d8") _,
            out("d9") _,
            out("d10") _,
            out("d11") _,
            out("d12") _,
            out("d13") _,
        );
    }
}
