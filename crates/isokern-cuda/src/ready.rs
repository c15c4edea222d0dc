//! What `init` allocates, from the copy of the model to the graphs of its lanes.

use std::sync::Arc;

use isokern_model::Model;

use crate::direct::Direct;
use crate::error::CudaError;
use crate::kernel::{Kernel, Resident};
use crate::lane::Lane;
use crate::state::DeviceState;

/// All that steps of a model need.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) lanes: [Lane; 2],
    pub(crate) direct: Direct,
    /// Dropped last: the others wait for work that uses it.
    pub(crate) state: Option<DeviceState>,
}

impl Ready {
    /// Copies the model to the device, allocates, and runs it once on zeros.
    pub(crate) fn new(
        kernel: Arc<Kernel>,
        model: &Model<'_>,
        (chunk_samples, streams): (usize, usize),
    ) -> Result<Self, CudaError> {
        let mut state = DeviceState::new(kernel.context(), model, streams)?;
        let place = state.as_ref().map(DeviceState::place);
        let work = Arc::new(Resident::upload(kernel, model, place)?);
        let lane = || Lane::new(Arc::clone(&work), chunk_samples);
        let mut lanes = [lane()?, lane()?];
        let [first, _] = &mut lanes;
        first.start(1)?;
        first.finish()?;
        if let Some(state) = &mut state {
            state.reset()?;
        }
        Ok(Self { lanes, direct: Direct::new(work)?, state })
    }

    /// Waits for work on streams of the caller, which would use the state at the same time.
    pub(crate) fn wait_for_state(&mut self) -> Result<(), CudaError> {
        if self.state.is_some() { self.direct.drain() } else { Ok(()) }
    }
}
