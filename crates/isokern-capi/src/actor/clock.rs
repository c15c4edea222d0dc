//! The clock of a C program.
#![allow(unsafe_code)]

use core::ffi::c_void;
use core::future::Future;

use isokern_cpu::core::call::{Clock, PollingSleep};

/// Returns the nanoseconds since some start; they never go backwards. Both contexts of an actor
/// call it, with the pointer that `isokern_actor_init` was given.
pub type NowNs = Option<unsafe extern "C" fn(context: *mut c_void) -> u64>;

/// A clock of the caller; without one it is always 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallerClock {
    pub(super) now: NowNs,
    pub(super) context: *mut c_void,
}

// SAFETY: the caller's function is for both contexts, as is what its pointer is of.
unsafe impl Send for CallerClock {}
// SAFETY: as above.
unsafe impl Sync for CallerClock {}

impl Clock for CallerClock {
    fn now_ns(&self) -> u64 {
        // SAFETY: the caller promises that it can be called so, as long as the actor is used.
        self.now.map_or(0, |now| unsafe { now(self.context) })
    }

    fn sleep_until(&self, moment_ns: u64) -> impl Future<Output = ()> + Send {
        PollingSleep::new(self, moment_ns)
    }
}
