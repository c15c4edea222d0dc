//! The resident kernel of the shipped device code: a model actor of any kinds.
#![allow(unsafe_code)]

use isokern_device::resident::ModelActor;
use isokern_device::resident_kernel;
use isokern_model::AllOperators;

resident_kernel! {
    /// Blocks that run models as actors.
    pub fn isokern_resident: [ModelActor<AllOperators>]
}
