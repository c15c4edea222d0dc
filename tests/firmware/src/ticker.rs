//! A clock for deadlines: an interrupt of the timer at equal intervals, counted.

use core::future::Future;
use core::sync::atomic::{AtomicU32, Ordering};

use isokern_cpu::core::call::{Clock, PollingSleep};

use crate::processor::Timer;

/// Counts of the timer in a microsecond: of a Cortex-M the board's core clock in MHz.
const COUNTS_PER_US: u32 = include!(concat!(env!("OUT_DIR"), "/timer.rs"));

/// Time between two interrupts.
pub const TICK_NS: u64 = 50_000;

/// Counts of the timer between two interrupts.
pub const COUNTS: u32 = COUNTS_PER_US * (TICK_NS / 1000) as u32;

/// Interrupts so far. The interrupt alone writes it, so a load and a store are enough.
static TICKS: AtomicU32 = AtomicU32::new(0);

/// The timer, interrupting.
#[expect(missing_debug_implementations, reason = "not every timer has one")]
pub struct Ticker {
    timer: Timer,
}

impl Ticker {
    /// Starts the interrupts: the program says with [`on_tick`](crate::on_tick) what they do.
    #[must_use]
    pub fn start(mut timer: Timer) -> Self {
        timer.start_interrupts(COUNTS);
        Self { timer }
    }

    /// Stops the interrupts.
    #[must_use]
    pub fn stop(mut self) -> Timer {
        self.timer.stop();
        self.timer
    }
}

/// Counts an interrupt.
pub fn tick() {
    TICKS.store(TICKS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// Returns how many interrupts there were; a count for two days.
#[must_use]
pub fn ticks() -> u32 {
    TICKS.load(Ordering::Relaxed)
}

/// The interrupts so far, as time; good for two days.
#[derive(Clone, Copy, Debug)]
pub struct TickClock;

impl Clock for TickClock {
    fn now_ns(&self) -> u64 {
        u64::from(ticks()) * TICK_NS
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}
