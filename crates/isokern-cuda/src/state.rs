//! The state of a model on the device: what lasts from one step to the next.

use isokern_model::Model;

use crate::driver::{Context, DeviceBuffer, Stream};
use crate::error::CudaError;

/// Boundary of a stream's state, and of the distance between two.
const ALIGN: usize = 16;

/// The state of one stream, with its initial contents.
#[derive(Debug)]
pub(crate) struct DeviceState {
    buffer: DeviceBuffer,
    initial: Vec<u8>,
    stream: Stream,
}

/// Where the kernel finds the states of streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatePlace {
    /// The address of the first.
    pub(crate) address: u64,
    /// Bytes from one to the next.
    pub(crate) stride: u64,
}

impl DeviceState {
    /// Allocates the state of `model` and writes its initial contents; `None` for a model
    /// without state.
    pub(crate) fn new(context: &Context, model: &Model<'_>) -> Result<Option<Self>, CudaError> {
        if model.state_bytes() == 0 {
            return Ok(None);
        }
        let mut initial = vec![0; model.state_bytes().next_multiple_of(ALIGN)];
        model.reset_state(&mut initial);
        let buffer = DeviceBuffer::new(context, initial.len())?;
        let mut state = Self { buffer, initial, stream: Stream::new(context)? };
        state.reset()?;
        Ok(Some(state))
    }

    /// Restores the initial contents, and waits until they are there. No work that uses the
    /// state may be going on.
    pub(crate) fn reset(&mut self) -> Result<(), CudaError> {
        self.buffer.upload(&self.initial, &self.stream)
    }

    /// Copies it to the host, as many bytes as `target` has. No work that uses it may be going on.
    pub(crate) fn read(&self, target: &mut [u8]) -> Result<(), CudaError> {
        self.buffer.download(target, &self.stream)
    }

    /// Returns where the kernel finds it.
    pub(crate) fn place(&self) -> StatePlace {
        StatePlace { address: self.buffer.address(), stride: self.initial.len() as u64 }
    }
}
