//! The device code of an actor and of tasks of your own: a resident kernel whose blocks run
//! [`Meter`]s, and are workers for [`Factors`].
//!
//! ```sh
//! cargo isokern-ptx build -o ptx
//! ```

#![no_std]
#![feature(abi_ptx)]

use isokern_device::resident::{SoloActor, SoloTasks};
use isokern_device::resident_kernel;
use meter::{Factors, Meter};

resident_kernel! {
    /// Blocks that run meters as actors, and workers of tasks.
    pub fn meter_residents: actors [SoloActor<Meter>], tasks [SoloTasks<Factors>]
}
