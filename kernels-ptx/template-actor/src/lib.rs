//! The device code of an actor of your own: a resident kernel whose blocks run [`Meter`]s.
//!
//! ```sh
//! cargo isokern-ptx build -o ptx
//! ```

#![no_std]
#![feature(abi_ptx)]

use isokern_device::resident::SoloActor;
use isokern_device::resident_kernel;
use meter::Meter;

resident_kernel! {
    /// Blocks that run meters as actors.
    pub fn meter_residents: [SoloActor<Meter>]
}
