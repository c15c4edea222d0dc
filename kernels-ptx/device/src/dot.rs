//! The four-term dot product of the device.
#![allow(unsafe_code)]

use core::arch::asm;

use isokern_ops::quad_mac::QuadMac;

/// `dp4a` on signed bytes.
pub struct Dp4a;

impl QuadMac for Dp4a {
    #[inline(always)]
    fn multiply_add(a: u32, b: u32, sum: i32) -> i32 {
        let result: i32;
        // SAFETY: computes on registers.
        unsafe {
            asm!(
                "dp4a.s32.s32 {result}, {a}, {b}, {sum};",
                result = out(reg32) result, a = in(reg32) a, b = in(reg32) b, sum = in(reg32) sum,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        result
    }

    #[inline(always)]
    fn reload<V>(value: &V) -> &V {
        let mut start = core::ptr::from_ref(value);
        // SAFETY: leaves the pointer as it is.
        unsafe { asm!("// {start}", start = inout(reg64) start, options(nostack)) };
        // SAFETY: the pointer of the reference that came in.
        unsafe { &*start }
    }
}
