//! Ends the program, with a status that the emulator hands to its caller.
#![allow(unsafe_code)]

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};
use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};

use crate::console;

/// Ends the program: status 0.
pub fn succeed() -> ! {
    end(EXIT_SUCCESS)
}

/// Says why, then ends the program: status 1.
pub fn fail(reason: &str) -> ! {
    console::print("failed: ");
    console::print(reason);
    console::print("\n");
    end(EXIT_FAILURE)
}

fn end(status: debug::ExitStatus) -> ! {
    debug::exit(status);
    // On a board the debugger has stopped the processor; without one, sleep.
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Some(place) = info.location() {
        console::print(place.file());
        console::print_number(":", place.line());
    }
    fail("panic")
}

// SAFETY: an exception handler must be an unsafe function for `cortex-m-rt`; this
// one touches no state of the program it interrupted.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    console::print_number("pc", frame.pc());
    fail("fault")
}
