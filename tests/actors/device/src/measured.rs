//! What the bundle measures beside the suites' kernels: tasks of any length, and the same work as a
//! launch.
#![allow(unsafe_code)]

use isokern_device::resident::SoloTasks;
use isokern_device::resident_kernel;
use isokern_test_actors::{Work, work};

resident_kernel! {
    /// Blocks that work for a megakernel of tasks of any length.
    pub fn isokern_test_work: actors [], tasks [SoloTasks<Work>]
}

/// Does what a task of that many rounds does, as a launch of one thread.
// SAFETY: the name is this crate's; it touches no memory of anybody else.
#[unsafe(no_mangle)]
pub extern "ptx-kernel" fn isokern_test_launched_work(rounds: u32) {
    work(rounds);
}
