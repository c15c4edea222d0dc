//! Four outputs of a fully connected operator.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;
use core::mem::offset_of;

use isokern_ops::lane_mac::{FourScales, Outputs};

use super::VECTOR;

/// What the loop reads, and where it puts the sums.
#[repr(C)]
struct Frame {
    sums: [i32; 4],
    run: usize,
    xs: *const Cell<i8>,
    ws: *const i8,
    /// From the end of a row, in whole vectors, to the next.
    w_next: isize,
    ys: *const [Cell<i8>; 4],
    zero_point: i32,
    min: i32,
    max: i32,
    bias: *const [i32; 4],
    scales: *const FourScales,
    negative_zero_point: i32,
}

/// Computes all four; none if there are not all weights.
#[inline(always)]
pub(super) fn run(job: &Outputs<'_>) {
    if !job.has_room() {
        return;
    }
    let run = job.xs.len();
    let mut frame = Frame {
        sums: [0; 4],
        run,
        xs: job.xs.as_ptr(),
        ws: job.ws.as_ptr(),
        w_next: run.wrapping_sub(run.next_multiple_of(VECTOR)).cast_signed(),
        ys: job.ys,
        zero_point: job.zero_point,
        min: job.activation.min.into(),
        max: job.activation.max.into(),
        bias: job.bias,
        scales: job.scales,
        negative_zero_point: -job.x_zero_point,
    };
    products(&mut frame);
}

/// Sums the products of four rows, and makes them results.
#[inline(never)] // Its registers are not those of the caller.
fn products(frame: &mut Frame) {
    // SAFETY: `has_room` said that four rows of weights as long as the activations are there, one
    // at least; lanes after the end of a row are masked. The results are four cells. The registers
    // are named.
    unsafe {
        asm!(
            "ldrd r9, r11, [r0, #{SCALES}]",
            "ldrd r3, r8, [r0, #{WS}]",
            "mov r10, r0",
            "movs r12, #4",
            // An output.
            "2:",
            "ldrd r5, r1, [r0, #{RUN}]",
            "movs r2, #0",
            "movs r4, #0",
            "dlstp.8 lr, r5",
            "3:",
            "vldrb.u8 q0, [r3], #16",
            "vaddva.s8 r4, q0",
            "vldrb.u8 q1, [r1], #16",
            "vmlava.s8 r2, q0, q1",
            "letp lr, 3b",
            "mla r2, r4, r11, r2",
            "add r3, r8",
            "str r2, [r10], #4",
            "subs.w r12, r12, #1",
            "bne 2b",
            "vldrw.u32 q0, [r0]",
            "ldr r1, [r0, #{BIAS}]",
            "vldrw.u32 q1, [r1]",
            "vldrw.u32 q2, [r9]",
            "vadd.i32 q0, q0, q1",
            "vldrw.u32 q1, [r9, #16]",
            "vshl.s32 q0, q0, q1",
            "vldrw.u32 q1, [r9, #32]",
            "vqrdmulh.s32 q0, q0, q2",
            // A negative value moves one down before it is rounded to the right.
            "vand q2, q0, q1",
            "vshr.s32 q2, q2, #31",
            "vqadd.s32 q0, q0, q2",
            "vrshl.s32 q0, q0, q1",
            "ldrd r1, r2, [r0, #{YS}]",
            "ldrd r3, r5, [r0, #{MIN}]",
            "vqadd.s32 q0, q0, r2",
            "vdup.32 q1, r3",
            "vmax.s32 q0, q0, q1",
            "vdup.32 q1, r5",
            "vmin.s32 q0, q0, q1",
            "vstrb.32 q0, [r1]",
            BIAS = const offset_of!(Frame, bias),
            SCALES = const offset_of!(Frame, scales),
            WS = const offset_of!(Frame, ws),
            RUN = const offset_of!(Frame, run),
            YS = const offset_of!(Frame, ys),
            MIN = const offset_of!(Frame, min),
            in("r0") frame,
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
            options(nostack),
        );
    }
}
