//! Resident kernels of scripts and of tasks, for the suites that run on threads by the same source.
#![no_std]
#![feature(abi_ptx)]

#[cfg(feature = "measured")]
mod measured;

use isokern_device::resident::{SoloActor, SoloTasks};
use isokern_device::resident_kernel;
use isokern_test_actors::{Chores, Log, Script};

resident_kernel! {
    /// Blocks that run scripts and logs.
    pub fn isokern_test_actors: [SoloActor<Script>, SoloActor<Log>]
}

resident_kernel! {
    /// Blocks that work for a megakernel of chores.
    pub fn isokern_test_tasks: actors [], tasks [SoloTasks<Chores>]
}
