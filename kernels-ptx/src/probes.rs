//! Probes: what the device's memory costs, and whether it keeps its word.
//!
//! A probe gets plain numbers as parameters and writes a
//! [`ProbeRecord`](isokern_core::device::ProbeRecord). Every wait gives up after a number of
//! tries, so that no probe hangs, whatever the device or the host does.
#![allow(unsafe_code)]

mod barrier;
mod cells;
mod chase;
mod ping_pong;
mod ring_echo;

use core::arch::asm;
use core::mem::offset_of;

use isokern_core::device::ProbeRecord;

use isokern_device::registers;

/// Where a probe writes: the record at an address of global or mapped memory.
#[derive(Clone, Copy)]
struct Output {
    address: u64,
}

impl Output {
    /// Returns the record at `address`.
    ///
    /// # Safety
    ///
    /// `address` is that of a record in global or mapped memory, which the host reads after
    /// the kernel has ended.
    const unsafe fn at(address: u64) -> Self {
        Self { address }
    }

    /// Writes steps that came to an end, and how long they took since `start`.
    fn completed(self, steps: u64, start: Instant) {
        let (cycles, nanoseconds) = start.elapsed();
        self.set(offset_of!(ProbeRecord, completed), steps);
        self.set(offset_of!(ProbeRecord, cycles), cycles);
        self.set(offset_of!(ProbeRecord, nanoseconds), nanoseconds);
    }

    /// Counts violations, from any thread.
    fn add_violations(self, count: u64) {
        self.add(offset_of!(ProbeRecord, violations), count);
    }

    /// Counts tries or changes, from any thread.
    fn add_observed(self, count: u64) {
        self.add(offset_of!(ProbeRecord, observed), count);
    }

    /// Writes where a chase ended, or why a probe did.
    fn set_last(self, last: u64) {
        self.set(offset_of!(ProbeRecord, last), last);
    }

    fn set(self, offset: usize, value: u64) {
        // SAFETY: a field of the record the host owes.
        unsafe {
            asm!(
                "st.relaxed.sys.global.u64 [{a}], {v};",
                a = in(reg64) self.address + offset as u64, v = in(reg64) value, options(nostack),
            );
        }
    }

    fn add(self, offset: usize, value: u64) {
        // SAFETY: as above; blocks of one device count together, so its scope is enough.
        unsafe {
            asm!(
                "red.relaxed.gpu.global.add.u64 [{a}], {v};",
                a = in(reg64) self.address + offset as u64, v = in(reg64) value, options(nostack),
            );
        }
    }
}

/// A moment, on both clocks.
#[derive(Clone, Copy)]
struct Instant {
    cycles: u64,
    nanoseconds: u64,
}

impl Instant {
    #[inline(always)]
    fn now() -> Self {
        Self { nanoseconds: registers::nanoseconds(), cycles: registers::cycles() }
    }

    /// Returns cycles and nanoseconds since.
    #[inline(always)]
    fn elapsed(self) -> (u64, u64) {
        let now = Self::now();
        (now.cycles.wrapping_sub(self.cycles), now.nanoseconds.wrapping_sub(self.nanoseconds))
    }
}
