//! The resident kernels of the shipped device code: model actors of any kinds, and workers for
//! models as tasks.
#![allow(unsafe_code)]

use isokern_device::resident::{ModelActor, ModelTasks};
use isokern_device::resident_kernel;
use isokern_model::AllOperators;

resident_kernel! {
    /// Blocks that run models as actors.
    pub fn isokern_resident: [ModelActor<AllOperators>]
}

resident_kernel! {
    /// Blocks that run models as actors, and blocks that work for a megakernel of models.
    pub fn isokern_workers: actors [ModelActor<AllOperators>], tasks [ModelTasks<AllOperators>]
}
