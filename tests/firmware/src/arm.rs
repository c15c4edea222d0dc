//! What the programs need of a Cortex-M.
#![allow(unsafe_code)]

use cortex_m::Peripherals;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m::register::msp;
pub use cortex_m_rt::entry;
use cortex_m_rt::{ExceptionFrame, exception};
use cortex_m_semihosting::{debug, hio};

use crate::{ending, ticker};

/// Counts after which the timer starts again.
const COUNTS_MAX: u32 = 0x00FF_FFFF;

unsafe extern "C" {
    /// The lowest address the stack may reach, from the linker script.
    static _stack_end: u32;
    /// Where the stack starts.
    static _stack_start: u32;
}

/// SysTick, the timer that every Cortex-M has.
#[expect(missing_debug_implementations, reason = "the registers have none")]
pub struct Timer(SYST);

impl Timer {
    /// Returns the timer; `None` after the first time.
    #[must_use]
    pub fn take() -> Option<Self> {
        Peripherals::take().map(|peripherals| Self(peripherals.SYST))
    }

    /// Counts from now on.
    pub fn start(&mut self) {
        self.begin(COUNTS_MAX);
    }

    /// Counts, and interrupts each time there were so many.
    pub fn start_interrupts(&mut self, counts: u32) {
        self.begin(counts - 1);
        self.0.enable_interrupt();
    }

    fn begin(&mut self, reload: u32) {
        self.0.set_clock_source(SystClkSource::Core);
        self.0.set_reload(reload);
        self.0.clear_current();
        self.0.enable_counter();
    }

    /// Stops counting and interrupting.
    pub fn stop(&mut self) {
        self.0.disable_interrupt();
        self.0.disable_counter();
    }

    /// Counts from 0.
    pub fn restart(&mut self) {
        self.0.clear_current();
        // Reading the flag clears it.
        let _ = self.0.has_wrapped();
    }

    /// Returns the counts since [`restart`](Self::restart); `None` if they were too many.
    pub fn count(&mut self) -> Option<u32> {
        let left = SYST::get_current();
        (!self.0.has_wrapped()).then(|| COUNTS_MAX.wrapping_sub(left))
    }

    /// Returns the moment, between two interrupts.
    #[must_use]
    pub fn moment() -> u32 {
        SYST::get_current()
    }

    /// Returns the counts since a moment that was less than one interrupt ago.
    #[must_use]
    pub fn since(moment: u32) -> u32 {
        // The timer counts down.
        let now = SYST::get_current();
        let reload = if now > moment { SYST::get_reload() + 1 } else { 0 };
        moment + reload - now
    }
}

/// Returns the counts since the interrupts of the timer started: the same in the interrupt and in a
/// critical section, where one may be pending that is not counted yet.
#[must_use]
pub fn counts() -> u64 {
    loop {
        let is_pending = SCB::is_pendst_pending();
        let left = SYST::get_current();
        if SCB::is_pendst_pending() == is_pending {
            let ticks = ticker::ticks().wrapping_add(u32::from(is_pending));
            // The timer counts down. At 0 it interrupts, and a tick begins.
            let since = if left == 0 { 0 } else { ticker::COUNTS - left };
            return u64::from(ticks) * u64::from(ticker::COUNTS) + u64::from(since);
        }
    }
}

/// Calls a function at each interrupt of the timer, after [`tick`](crate::ticker::tick).
#[macro_export]
macro_rules! on_tick {
    ($handler:path) => {
        #[cortex_m_rt::exception]
        fn SysTick() {
            $crate::ticker::tick();
            $handler();
        }
    };
}

/// Executes so many instructions, an even number.
pub fn delay(instructions: u32) {
    // `delay(n)` is a loop of two instructions that runs n + 1 times.
    cortex_m::asm::delay(instructions / 2 - 1);
}

/// Sleeps until an interrupt is pending.
pub fn wait_for_interrupt() {
    cortex_m::asm::wfi();
}

/// Executes an instruction that is always illegal.
pub fn fault() -> ! {
    cortex_m::asm::udf()
}

/// Returns the lowest address the stack may reach, how far it has come, and where it starts.
pub(crate) fn stack() -> [usize; 3] {
    [(&raw const _stack_end).addr(), msp::read() as usize, (&raw const _stack_start).addr()]
}

/// Prints text to the debugger (semihosting).
pub(crate) fn print(text: &str) {
    // Without a debugger there is nobody to read it, and nothing to do about that.
    let _ = hio::hstdout().map(|mut out| out.write_all(text.as_bytes()));
}

/// Has the debugger end the program; returns where there is none.
pub(crate) fn exit(succeeded: bool) {
    debug::exit(if succeeded { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
}

// SAFETY: an exception handler must be an unsafe function for `cortex-m-rt`; this
// one touches no state of the program it interrupted.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    ending::report_fault(frame.pc())
}
