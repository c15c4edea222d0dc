//! What `init` allocates, from the copy of the model to the graphs of its streams.

use std::sync::Arc;

use isokern_model::Model;

use crate::direct::Direct;
use crate::error::CudaError;
use crate::kernel::{Kernel, UploadedModel};
use crate::state::DeviceState;
use crate::stream_buffers::StreamBuffers;

/// All that steps of a model need.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) buffers: [StreamBuffers; 2],
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
        let work = Arc::new(UploadedModel::upload(kernel, model, place)?);
        let allocate = || StreamBuffers::new(Arc::clone(&work), chunk_samples);
        let mut buffers = [allocate()?, allocate()?];
        let [first, _] = &mut buffers;
        first.start(1)?;
        first.finish()?;
        if let Some(state) = &mut state {
            state.reset()?;
        }
        Ok(Self { buffers, direct: Direct::new(work)?, state })
    }

    /// Waits for work on streams of the caller, which would use the state at the same time.
    pub(crate) fn wait_for_state(&mut self) -> Result<(), CudaError> {
        if self.state.is_some() { self.direct.drain() } else { Ok(()) }
    }
}
