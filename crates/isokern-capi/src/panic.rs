//! What a library without Rust's std does at a panic: nothing more, until a watchdog resets.

use core::hint;
use core::panic::PanicInfo;

/// Stops the program. No function of the header has a way here.
#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    loop {
        hint::spin_loop();
    }
}
