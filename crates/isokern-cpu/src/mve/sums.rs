//! Sums of the elements of two tensors.
#![allow(unsafe_code)]

use core::arch::asm;
use core::cell::Cell;
use core::mem::offset_of;

use isokern_ops::lane_mac::Sums;

/// What the loop reads.
#[repr(C)]
struct Frame {
    a: *const Cell<i8>,
    b: *const Cell<i8>,
    y: *const Cell<i8>,
    negative_zero_a: i32,
    negative_zero_b: i32,
    left: i32,
    multipliers: [i32; 3],
    zero_y: i32,
    rights: [i32; 3],
    min: i32,
    max: i32,
    count: usize,
}

/// Adds as many elements as all three have.
#[inline(never)] // Its registers are not those of the caller.
pub(super) fn run(job: &Sums<'_>) {
    let scales = job.scales;
    let [zero_a, zero_b, zero_y] = scales.zero_point;
    let frame = Frame {
        a: job.a.as_ptr(),
        b: job.b.as_ptr(),
        y: job.y.as_ptr(),
        negative_zero_a: -zero_a,
        negative_zero_b: -zero_b,
        left: i32::from(scales.left_shift & 31),
        multipliers: scales.multiplier,
        zero_y,
        rights: scales.shift.map(i32::from),
        min: scales.activation.min.into(),
        max: scales.activation.max.into(),
        count: job.a.len().min(job.b.len()).min(job.y.len()),
    };
    if frame.count == 0 {
        return;
    }
    // SAFETY: `count` is not 0, and as many cells are in all three; lanes after the last are
    // masked. The registers are named.
    unsafe {
        asm!(
            "ldrd r4, r5, [r0, #{RIGHTS}]",
            "vdup.32 q4, r4",
            "vdup.32 q5, r5",
            "ldr r4, [r0, #{RIGHT_Y}]",
            "vdup.32 q3, r4",
            "ldrd r4, r5, [r0, #{MIN}]",
            "vdup.32 q7, r4",
            "vdup.32 q6, r5",
            "ldm.w r0, {{r1, r2, r3, r4, r5, r8, r9, r10, r11, r12}}",
            "ldr r0, [r0, #{COUNT}]",
            "dlstp.32 lr, r0",
            "2:",
            "vldrb.s32 q0, [r1], #4",
            "vadd.i32 q0, q0, r4",
            "vshl.s32 q0, r8",
            "vqrdmulh.s32 q0, q0, r9",
            // A negative value moves one down before it is rounded to the right.
            "vand q2, q0, q4",
            "vshr.s32 q2, q2, #31",
            "vqadd.s32 q0, q0, q2",
            "vrshl.s32 q0, q0, q4",
            "vldrb.s32 q1, [r2], #4",
            "vadd.i32 q1, q1, r5",
            "vshl.s32 q1, r8",
            "vqrdmulh.s32 q1, q1, r10",
            "vand q2, q1, q5",
            "vshr.s32 q2, q2, #31",
            "vqadd.s32 q1, q1, q2",
            "vrshl.s32 q1, q1, q5",
            "vadd.i32 q0, q0, q1",
            "vqrdmulh.s32 q0, q0, r11",
            "vand q2, q0, q3",
            "vshr.s32 q2, q2, #31",
            "vqadd.s32 q0, q0, q2",
            "vrshl.s32 q0, q0, q3",
            "vqadd.s32 q0, q0, r12",
            "vmax.s32 q0, q0, q7",
            "vmin.s32 q0, q0, q6",
            "vstrb.32 q0, [r3], #4",
            "letp lr, 2b",
            RIGHTS = const offset_of!(Frame, rights),
            RIGHT_Y = const offset_of!(Frame, rights) + 8,
            MIN = const offset_of!(Frame, min),
            COUNT = const offset_of!(Frame, count),
            inout("r0") &raw const frame => _,
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
            out("d14") _,
            out("d15") _,
            options(nostack),
        );
    }
}
