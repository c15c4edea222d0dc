//! A resident kernel of scripts, for the suite that runs on threads by the same source.
#![no_std]
#![feature(abi_ptx)]

use isokern_device::resident::SoloActor;
use isokern_device::resident_kernel;
use isokern_test_actors::{Log, Script};

resident_kernel! {
    /// Blocks that run scripts and logs.
    pub fn isokern_test_actors: [SoloActor<Script>, SoloActor<Log>]
}
