//! Four positions of a convolution, channel after channel.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;
use core::mem::offset_of;

use isokern_ops::lane_mac::Positions;

use super::VECTOR;

/// What the loop reads, and the places where it keeps count.
#[repr(C)]
struct Frame {
    xs: [*const Cell<i8>; 4],
    ws: *const i8,
    w_channel: usize,
    run: usize,
    rows: usize,
    /// From the end of a run, in whole vectors, to the next run.
    x_next: isize,
    w_next: isize,
    bias: *const i32,
    multiplier: *const i32,
    shift: *const i8,
    negative_zero_point: i32,
    y_zero_point: i32,
    ys: *const Cell<i8>,
    count: usize,
    min: i32,
    max: i32,
    offsets: [u32; 4],
}

/// Computes all channels; none if there is not room for all.
#[inline(never)] // Its registers are not those of the caller.
pub(super) fn run(job: &Positions<'_>) {
    if !job.has_room() {
        return;
    }
    let walked = job.run.next_multiple_of(VECTOR);
    let next = |row: usize| row.wrapping_sub(walked).cast_signed();
    let mut frame = Frame {
        xs: job.xs.map(<[Cell<i8>]>::as_ptr),
        ws: job.ws.as_ptr(),
        run: job.run,
        rows: job.rows,
        x_next: next(job.x_row),
        w_next: next(job.w_row),
        w_channel: job.w_channel,
        bias: job.requant.bias.as_ptr(),
        multiplier: job.requant.multiplier.as_ptr(),
        shift: job.requant.shift.as_ptr(),
        negative_zero_point: -job.x_zero_point,
        y_zero_point: job.requant.zero_point,
        ys: job.ys.as_ptr(),
        count: job.requant.bias.len(),
        offsets: job.offsets,
        min: job.requant.activation.min.into(),
        max: job.requant.activation.max.into(),
    };
    // SAFETY: `has_room` says that for every channel all runs of weights, the windows' runs, the
    // bias and the scale are there, and cells at every offset for as many results; lanes after the
    // end of a run are masked. Counts are not 0. `r6` and `r7` are put back; the other registers
    // are named.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "ldrd r1, r3, [r11, #{MIN}]",
            "vdup.32 q4, r1",
            "vdup.32 q5, r3",
            "vldrw.u32 q7, [r11, #{OFFSETS}]",
            // A channel.
            "2:",
            "ldm.w r11, {{r1, r3, r5, r7}}",
            "ldr r9, [r11, #{WS}]",
            "ldrd r12, r0, [r11, #{RUN}]",
            "movs r2, #0",
            "movs r4, #0",
            "movs r6, #0",
            "mov.w r8, #0",
            "mov.w r10, #0",
            // A run: sums of products in r2, r4, r6 and r8, that of the weights in r10.
            "3:",
            "dlstp.8 lr, r12",
            "4:",
            "vldrb.u8 q0, [r9], #16",
            "vaddva.s8 r10, q0",
            "vldrb.u8 q1, [r1], #16",
            "vmlava.s8 r2, q0, q1",
            "vldrb.u8 q1, [r3], #16",
            "vmlava.s8 r4, q0, q1",
            "vldrb.u8 q1, [r5], #16",
            "vmlava.s8 r6, q0, q1",
            "vldrb.u8 q1, [r7], #16",
            "vmlava.s8 r8, q0, q1",
            "letp lr, 4b",
            "subs r0, #1",
            "beq 5f",
            "ldr r12, [r11, #{X_NEXT}]",
            "add r1, r12",
            "add r3, r12",
            "add r5, r12",
            "add r7, r12",
            "ldr r12, [r11, #{W_NEXT}]",
            "add r9, r12",
            "ldr r12, [r11, #{RUN}]",
            "b 3b",
            "5:",
            // Bias and scale.
            "ldrd r1, r5, [r11, #{BIAS}]",
            "ldrd r7, r9, [r11, #{SHIFT}]",
            "vmov q0[2], q0[0], r2, r6",
            "vmov q0[3], q0[1], r4, r8",
            "ldr r3, [r1], #4",
            "ldr r0, [r5], #4",
            "ldrsb r12, [r7], #1",
            "mla r3, r10, r9, r3",
            "strd r1, r5, [r11, #{BIAS}]",
            "str r7, [r11, #{SHIFT}]",
            "vadd.i32 q0, q0, r3",
            "bic r1, r12, r12, asr #31",
            "vshl.s32 q0, r1",
            "and r1, r12, r12, asr #31",
            "vqrdmulh.s32 q0, q0, r0",
            // A negative value moves one down before it is rounded to the right.
            "vdup.32 q1, r1",
            "vand q2, q0, q1",
            "vshr.s32 q2, q2, #31",
            "vqadd.s32 q0, q0, q2",
            "vrshl.s32 q0, q0, q1",
            "ldrd r1, r2, [r11, #{Y_ZERO_POINT}]",
            "vqadd.s32 q0, q0, r1",
            "vmax.s32 q0, q0, q4",
            "vmin.s32 q0, q0, q5",
            "vstrb.32 q0, [r2, q7]",
            // The next channel.
            "ldrd r3, r4, [r11, #{WS}]",
            "ldr r5, [r11, #{COUNT}]",
            "adds r2, #1",
            "add r3, r4",
            "str r3, [r11, #{WS}]",
            "subs r5, #1",
            "strd r2, r5, [r11, #{YS}]",
            "bne 2b",
            "pop {{r6, r7}}",
            MIN = const offset_of!(Frame, min),
            OFFSETS = const offset_of!(Frame, offsets),
            WS = const offset_of!(Frame, ws),
            RUN = const offset_of!(Frame, run),
            X_NEXT = const offset_of!(Frame, x_next),
            W_NEXT = const offset_of!(Frame, w_next),
            BIAS = const offset_of!(Frame, bias),
            SHIFT = const offset_of!(Frame, shift),
            Y_ZERO_POINT = const offset_of!(Frame, y_zero_point),
            YS = const offset_of!(Frame, ys),
            COUNT = const offset_of!(Frame, count),
            inout("r11") &raw mut frame => _,
            out("r0") _,
            out("r1") _,
            out("r2") _,
            out("r3") _,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r12") _,
            out("lr") _,
            out("d0") _,
            out("d1") _,
            out("d2") _,
            out("d3") _,
            out("d4") _,
            out("d5") _,
            out("d8") _,
            out("d9") _,
            out("d10") _,
            out("d11") _,
            out("d14") _,
            out("d15") _,
        );
    }
}
