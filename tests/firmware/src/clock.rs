//! Counts time in ticks of the processor's own timer: SysTick of a Cortex-M, cycles of a RISC-V.
//!
//! In an emulator that executes one instruction a nanosecond (`-icount shift=0`)
//! time counts instructions, and [`calibrate`](Clock::calibrate) tells how many make a tick.

use crate::processor::{self, Timer};

/// Instructions that [`calibrate`](Clock::calibrate) executes between its two looks at the clock.
pub const CALIBRATION: u32 = 1 << 21;

/// The running timer.
#[expect(missing_debug_implementations, reason = "not every timer has one")]
pub struct Clock {
    timer: Timer,
}

impl Clock {
    /// Starts the timer.
    #[must_use]
    pub fn start(mut timer: Timer) -> Self {
        timer.start();
        Self { timer }
    }

    /// Stops the timer.
    #[must_use]
    pub fn stop(mut self) -> Timer {
        self.timer.stop();
        self.timer
    }

    /// Starts a measurement.
    pub fn restart(&mut self) {
        self.timer.restart();
    }

    /// Returns the ticks since [`restart`](Self::restart); zero if they were too many to count.
    pub fn ticks(&mut self) -> u32 {
        self.timer.count().unwrap_or(0)
    }

    /// Returns the ticks that [`CALIBRATION`] instructions take.
    pub fn calibrate(&mut self) -> u32 {
        self.restart();
        processor::delay(CALIBRATION);
        self.ticks()
    }
}
