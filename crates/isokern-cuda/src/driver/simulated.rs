//! What a driver that simulates its devices has counted: exact numbers, in place of times that
//! would say nothing about a GPU.
#![allow(unsafe_code)]

use core::ffi::c_char;

use cudarc::driver::sys;

use super::Driver;

/// Counts of what kernels executed, all together. A real driver has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct SimulatedCounts {
    /// Instructions of warps.
    pub warp_instructions: u64,
    /// Instructions times lanes that ran them.
    pub thread_instructions: u64,
    /// Lanes that ran a dot product of four bytes.
    pub dot_lanes: u64,
    /// Requests of warps to global memory.
    pub global_requests: u64,
    /// Sectors of 32 bytes that those touch.
    pub global_sectors: u64,
    /// Requests of warps to shared memory.
    pub shared_requests: u64,
    /// Passes over the banks that those take.
    pub shared_passes: u64,
    /// Requests of warps to the threads' own memory.
    pub local_requests: u64,
    /// Barriers that warps reached.
    pub barriers: u64,
    /// Lanes that ran a read-modify-write.
    pub atomic_lanes: u64,
}

type CallCount = unsafe extern "C" fn(*const c_char, *mut u64) -> u32;
type Keep = unsafe extern "C" fn(u32) -> u32;
type Read = unsafe extern "C" fn(*mut SimulatedCounts) -> u32;

impl Driver {
    /// Counts what kernels execute from now on, from zero, or stops. Says whether the driver can:
    /// one that does not simulate cannot.
    #[must_use]
    pub fn count_kernels(self, on: bool) -> bool {
        let Some(keep) = own::<Keep>("isokernSimKeepProfiles") else { return false };
        // SAFETY: the function has this type in every driver that exports the name.
        unsafe { keep(on.into()) == 0 }
    }

    /// Returns what kernels that ended have executed since the count began; none where the driver
    /// does not simulate.
    #[must_use]
    pub fn counted(self) -> Option<SimulatedCounts> {
        let read = own::<Read>("isokernSimCounts")?;
        let mut counts = SimulatedCounts::default();
        // SAFETY: the function has this type in every driver that exports the name, and the
        // place is of the structure that it writes.
        let code = unsafe { read(&raw mut counts) };
        (code == 0).then_some(counts)
    }

    /// Returns how many driver calls the process has made; none where the driver does not simulate.
    #[must_use]
    pub fn call_count(self) -> Option<u64> {
        let read = own::<CallCount>("isokernSimCallCount")?;
        let mut count = 0;
        // SAFETY: the function has this type in every driver that exports the name; the text, which
        // is any call's, ends with NUL, and the place is of a number.
        let code = unsafe { read(c"*".as_ptr(), &raw mut count) };
        (code == 0).then_some(count)
    }
}

/// Returns a function that real drivers do not have.
fn own<T: Copy>(name: &str) -> Option<T> {
    // SAFETY: a value of `Driver` exists, so the library was found.
    let library = unsafe { sys::culib() };
    // SAFETY: the callers give the type that the name has.
    unsafe { library.get::<T>(name.as_bytes()) }.ok().map(|symbol| *symbol)
}
