//! Ends the program, with a status that the emulator hands to its caller.

use core::panic::PanicInfo;

use crate::{console, processor};

/// Ends the program: status 0.
pub fn succeed() -> ! {
    end(true)
}

/// Says why, then ends the program: status 1.
pub fn fail(reason: &str) -> ! {
    console::print("failed: ");
    console::print(reason);
    console::print("\n");
    end(false)
}

/// Says where the processor was when it could not go on, then ends the program: status 1.
pub(crate) fn report_fault(address: u32) -> ! {
    console::print_number("pc", address);
    fail("fault")
}

fn end(succeeded: bool) -> ! {
    processor::exit(succeeded);
    // On a board the debugger has stopped the processor; without one, sleep.
    loop {
        processor::wait_for_interrupt();
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
