//! Whether the program was started without standard output.
//!
//! Before `main` the standard library opens `/dev/null` in the place of a standard stream that is
//! closed, and what is written there is lost without an error. Afterwards nothing tells such a
//! stream from one that was given as `/dev/null` on purpose. So this file looks before that, in a
//! function that the loader of the system calls.
#![cfg_attr(target_os = "linux", allow(unsafe_code))]

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Returns whether standard output was closed when the program was started; never so where the
/// system has no such function.
pub(super) fn was_closed() -> bool {
    CLOSED.load(Relaxed)
}

// What makes the attribute sound: the section holds addresses of functions, and the loader calls
// this one as it calls them, once, on the only thread. It asks the system for a second descriptor
// and closes that; nothing in it needs what the standard library sets up before `main`.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

#[cfg(target_os = "linux")]
extern "C" fn look() {
    use std::os::fd::AsFd;

    let second = std::io::stdout().as_fd().try_clone_to_owned();
    CLOSED.store(second.is_err(), Relaxed);
}
