//! What the programs need of a 32-bit RISC-V processor with one hart, in machine mode.
//!
//! The timer's interrupts are those of a CLINT, as SiFive's have it and the emulator's `virt`
//! machine. Another board's timer has other addresses, or another way to interrupt.
#![allow(unsafe_code)]

use core::arch::asm;
use core::ptr;

use riscv::register::{mcycle, mepc, mie};
use riscv_rt::TrapFrame;
pub use riscv_rt::entry;
use riscv_semihosting::{debug, hio};

use crate::ending;
use crate::memory::Once;

/// Where the CLINT has the moment of the next interrupt of hart 0, and the time.
const COMPARE: usize = 0x0200_4000;
const TIME: usize = 0x0200_BFF8;

/// Whether the timer was given away.
static TAKEN: Once = Once::new();

unsafe extern "C" {
    /// Where the stack starts, from the linker script.
    static _stack_start: u32;
}

/// The cycle counter, and the interrupts of the timer.
#[derive(Debug)]
pub struct Timer {
    started: u32,
}

impl Timer {
    /// Returns the timer; `None` after the first time.
    #[must_use]
    pub fn take() -> Option<Self> {
        TAKEN.is_first().then_some(Self { started: 0 })
    }

    /// Counts from now on.
    pub fn start(&mut self) {
        self.restart();
    }

    /// Starts interrupts, one each time there were so many counts of the CLINT.
    pub fn start_interrupts(&mut self, counts: u32) {
        set_compare(time() + u64::from(counts));
        // SAFETY: no critical section depends on this interrupt: it was off before.
        unsafe { mie::set_mtimer() };
        // SAFETY: this is outside critical sections, which the programs know.
        unsafe { riscv::interrupt::enable() };
    }

    /// Stops the interrupts.
    pub fn stop(&mut self) {
        // SAFETY: no memory is affected by an interrupt that does not come.
        unsafe { mie::clear_mtimer() };
    }

    /// Counts from 0.
    pub fn restart(&mut self) {
        self.started = Self::moment();
    }

    /// Returns the counts since [`restart`](Self::restart), at most 2^32.
    pub fn count(&mut self) -> Option<u32> {
        Some(Self::since(self.started))
    }

    /// Returns the moment.
    #[must_use]
    pub fn moment() -> u32 {
        mcycle::read() as u32
    }

    /// Returns the counts since a moment.
    #[must_use]
    pub fn since(moment: u32) -> u32 {
        Self::moment().wrapping_sub(moment)
    }
}

/// Returns the cycles since the start.
#[must_use]
pub fn counts() -> u64 {
    mcycle::read64()
}

/// Calls a function at each interrupt of the timer, after [`tick`](crate::ticker::tick).
#[macro_export]
macro_rules! on_tick {
    ($handler:path) => {
        #[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
        fn machine_timer() {
            $crate::processor::expect_next($crate::ticker::COUNTS);
            $crate::ticker::tick();
            $handler();
        }
    };
}

/// Ends the interrupt of the timer that is pending; the next comes so many counts after it.
pub fn expect_next(counts: u32) {
    set_compare(compare() + u64::from(counts));
}

/// Returns the time of the CLINT, which goes on between its halves.
fn time() -> u64 {
    loop {
        let high = read(TIME + 4);
        let low = read(TIME);
        if high == read(TIME + 4) {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Returns the moment of the next interrupt.
fn compare() -> u64 {
    u64::from(read(COMPARE + 4)) << 32 | u64::from(read(COMPARE))
}

fn set_compare(moment: u64) {
    // Never a moment that has passed, between the two halves.
    write(COMPARE, u32::MAX);
    write(COMPARE + 4, (moment >> 32) as u32);
    write(COMPARE, moment as u32);
}

fn read(register: usize) -> u32 {
    // SAFETY: the callers name registers of 32 bits of the CLINT.
    unsafe { ptr::with_exposed_provenance::<u32>(register).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: as in `read`; they have the moment of an interrupt, and no address.
    unsafe { ptr::with_exposed_provenance_mut::<u32>(register).write_volatile(value) };
}

/// Executes so many instructions, an even number.
pub fn delay(instructions: u32) {
    // `delay(n)` is a loop of two instructions that runs n / 2 + 1 times.
    riscv::asm::delay(instructions - 2);
}

/// Sleeps until an interrupt is pending.
pub fn wait_for_interrupt() {
    riscv::asm::wfi();
}

/// Executes an instruction that is always illegal.
pub fn fault() -> ! {
    // SAFETY: the instruction is the one that is always illegal: the processor traps.
    unsafe { asm!("unimp", options(noreturn)) }
}

/// Returns the lowest address the stack may reach, how far it has come, and where it starts.
pub(crate) fn stack() -> [usize; 3] {
    let pointer: usize;
    // SAFETY: the stack pointer is read, and nothing else is touched.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack)) };
    // The heap has no bytes: it ends where it starts.
    [riscv_rt::heap_start().addr(), pointer, (&raw const _stack_start).addr()]
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

/// Takes every exception that is no interrupt; `riscv-rt` calls what has this name.
#[unsafe(export_name = "ExceptionHandler")]
extern "C" fn exception(_: &TrapFrame) -> ! {
    ending::report_fault(mepc::read() as u32)
}
