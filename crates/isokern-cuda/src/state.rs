//! The state of a model on the device: what lasts from one step to the next.

use isokern_model::Model;

use crate::driver::{Context, DeviceBuffer, Stream};
use crate::error::CudaError;

/// Boundary of a stream's state, and of the distance between two.
const ALIGN: usize = 16;

/// The states of streams, with their initial contents.
#[derive(Debug)]
pub(crate) struct DeviceState {
    buffer: DeviceBuffer,
    initial: Vec<u8>,
    place: StatePlace,
    stream: Stream,
}

/// Where the kernel finds the states of streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatePlace {
    /// The address of the first.
    pub(crate) address: u64,
    /// Bytes from one to the next.
    pub(crate) stride: u64,
    /// How many there are.
    pub(crate) streams: usize,
}

impl DeviceState {
    /// Allocates so many states of `model` and writes the initial contents; `None` for a model
    /// without state.
    pub(crate) fn new(
        context: &Context,
        model: &Model<'_>,
        streams: usize,
    ) -> Result<Option<Self>, CudaError> {
        if model.state_bytes() == 0 {
            return Ok(None);
        }
        let mut one = vec![0; model.state_bytes().next_multiple_of(ALIGN)];
        model.reset_state(&mut one);
        // More than there are is more than there is memory: the driver refuses it.
        let buffer = DeviceBuffer::new(context, one.len().saturating_mul(streams))?;
        let place = StatePlace { address: buffer.address(), stride: one.len() as u64, streams };
        let initial = one.repeat(streams);
        let mut state = Self { buffer, initial, place, stream: Stream::new(context)? };
        state.reset()?;
        Ok(Some(state))
    }

    /// Restores the initial contents, and waits until they are there. No work that uses the
    /// states may be going on.
    pub(crate) fn reset(&mut self) -> Result<(), CudaError> {
        self.buffer.upload(&self.initial, &self.stream)
    }

    /// Copies the states to the host, `bytes` of each. No work that uses them may be going on.
    pub(crate) fn read(&self, target: &mut [u8], bytes: usize) -> Result<(), CudaError> {
        let mut all = vec![0; self.initial.len()];
        self.buffer.download(&mut all, &self.stream)?;
        let states = all.chunks_exact(self.place.stride as usize);
        for (state, target) in states.zip(target.chunks_exact_mut(bytes)) {
            target.copy_from_slice(state.get(..bytes).unwrap_or_default());
        }
        Ok(())
    }

    /// Returns where the kernel finds them.
    pub(crate) const fn place(&self) -> StatePlace {
        self.place
    }
}
