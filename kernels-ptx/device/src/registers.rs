//! Special registers: who the calling thread is, and what time it is.
#![allow(unsafe_code)]

use core::arch::asm;

/// A function that reads a 32-bit register whose value never changes in a thread.
macro_rules! constant_register {
    ($(#[$docs:meta])* $name:ident, $register:literal) => {
        $(#[$docs])*
        #[inline(always)]
        pub fn $name() -> u32 {
            let value: u32;
            // SAFETY: reads a register.
            unsafe {
                asm!(
                    concat!("mov.u32 {value}, ", $register, ";"),
                    value = out(reg32) value,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            value
        }
    };
}

constant_register!(
    /// Index of the thread in its block.
    thread, "%tid.x"
);
constant_register!(
    /// Threads of a block.
    threads, "%ntid.x"
);
constant_register!(
    /// Index of the block in its grid.
    block, "%ctaid.x"
);
constant_register!(
    /// Blocks of the grid.
    blocks, "%nctaid.x"
);
constant_register!(
    /// Bytes of dynamic shared memory the launch gave each block.
    dynamic_shared_bytes, "%dynamic_smem_size"
);

/// Returns the cycles of this multiprocessor's clock.
#[inline(always)]
pub fn cycles() -> u64 {
    let value: u64;
    // SAFETY: reads a register; it may touch memory as far as the compiler knows, which
    // keeps it between the accesses it times.
    unsafe { asm!("mov.u64 {value}, %clock64;", value = out(reg64) value, options(nostack)) };
    value
}

/// Returns the nanoseconds of the device's timer.
#[inline(always)]
pub fn nanoseconds() -> u64 {
    let value: u64;
    // SAFETY: as above.
    unsafe { asm!("mov.u64 {value}, %globaltimer;", value = out(reg64) value, options(nostack)) };
    value
}

/// Waits for about `duration` nanoseconds, at most twice as long.
#[inline(always)]
pub fn sleep(duration: u32) {
    // SAFETY: touches nothing.
    unsafe { asm!("nanosleep.u32 {d};", d = in(reg32) duration, options(nomem, nostack)) };
}
