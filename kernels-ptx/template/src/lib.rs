//! A device crate small enough to read at one go: one entry point, `y = factor * x + y`.
//!
//! Copy the folder, rename the package, write entries of your own. `docs/device.md` of the
//! Isokern repository says how it is built and checked:
//!
//! ```sh
//! cargo xtask ptx --manifest-path kernels-ptx/template -o some/folder
//! ```

#![no_std]
#![allow(unsafe_code)]
#![feature(abi_ptx, stdarch_nvptx, asm_experimental_arch)]

use core::arch::asm;
use core::arch::nvptx::{_block_dim_x, _block_idx_x, _grid_dim_x, _thread_idx_x};
use core::panic::PanicInfo;

/// Computes one element. Everything that can be safe code should be, and may then be tested on the
/// host, in a crate that this one depends on.
fn scale_add_one(factor: i32, x: i32, y: i32) -> i32 {
    factor.wrapping_mul(x).wrapping_add(y)
}

/// Sets `y[i] = factor * x[i] + y[i]` for every `i` below `count`, wrapping at 2³².
///
/// One grid dimension, any number of blocks and threads: each thread takes every n-th element,
/// n being the number of threads. Needs no shared memory.
///
/// # Safety
///
/// * `x` and `y` are device addresses of `count` elements each, aligned to 4 bytes.
/// * They do not overlap, and nothing else writes to either while the kernel runs.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn scale_add(x: *const i32, y: *mut i32, factor: i32, count: u32) {
    let (mut index, step) = position();
    // SAFETY: the caller says that `x` has `count` elements and that nobody writes to them.
    let x = unsafe { core::slice::from_raw_parts(x, count as usize) };
    while let Some(x) = x.get(index) {
        // SAFETY: `index` is below `count`, so this is inside of what the caller passed.
        let y = unsafe { y.add(index) };
        // SAFETY: no other thread of the grid has this index, and nobody else writes to `y`.
        let y = unsafe { &mut *y };
        *y = scale_add_one(factor, *x, *y);
        index += step;
    }
}

/// Returns the first element of this thread, and the distance to its next one.
fn position() -> (usize, usize) {
    // SAFETY: reading a special register has no condition; the same holds for the next three.
    let thread = unsafe { _thread_idx_x() };
    // SAFETY: as above.
    let threads = unsafe { _block_dim_x() };
    // SAFETY: as above.
    let block = unsafe { _block_idx_x() };
    // SAFETY: as above.
    let blocks = unsafe { _grid_dim_x() };
    let first = block as usize * threads as usize + thread as usize;
    (first, blocks as usize * threads as usize)
}

/// Ends the thread that panicked. `trap` would end the whole CUDA context with it; a crate that
/// wants to know what happened writes a record to memory first.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: the thread owns nothing that others wait for: there is no barrier in this crate.
    unsafe { asm!("exit;", options(noreturn, nostack)) }
}
