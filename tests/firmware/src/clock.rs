//! Counts time in ticks of SysTick, the timer that every Cortex-M has.
//!
//! In an emulator that executes one instruction a nanosecond (`-icount shift=0`)
//! time counts instructions, and [`calibrate`] tells how many make a tick.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// Ticks after which the counter starts again.
const TICKS_MAX: u32 = 0x00FF_FFFF;

/// Instructions that [`calibrate`] executes between its two looks at the clock.
pub const CALIBRATION: u32 = 1 << 21;

/// The running timer.
#[expect(missing_debug_implementations, reason = "the registers have none")]
pub struct Clock {
    timer: SYST,
}

impl Clock {
    /// Starts the timer.
    #[must_use]
    pub fn start(mut timer: SYST) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(TICKS_MAX);
        timer.clear_current();
        timer.enable_counter();
        Self { timer }
    }

    /// Stops the timer.
    #[must_use]
    pub fn stop(mut self) -> SYST {
        self.timer.disable_counter();
        self.timer
    }

    /// Starts a measurement.
    pub fn restart(&mut self) {
        self.timer.clear_current();
        // Reading the flag clears it.
        let _ = self.timer.has_wrapped();
    }

    /// Returns the ticks since [`restart`](Self::restart); zero if they were too many to count.
    pub fn ticks(&mut self) -> u32 {
        let left = SYST::get_current();
        if self.timer.has_wrapped() { 0 } else { TICKS_MAX.wrapping_sub(left) }
    }

    /// Returns the ticks that [`CALIBRATION`] instructions take.
    pub fn calibrate(&mut self) -> u32 {
        self.restart();
        // `delay(n)` is a loop of two instructions that runs n + 1 times.
        cortex_m::asm::delay(CALIBRATION / 2 - 1);
        self.ticks()
    }
}
