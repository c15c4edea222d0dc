//! The state of a model after each of its inputs.

use isokern_core::InferenceError;
use isokern_cpu::CpuModel;
use isokern_cuda::CudaModel;

use crate::packed::digest_of;

/// A model that shows its state between two steps.
pub(crate) trait ShowsState {
    /// Appends the state to `target`; nothing for a model without.
    fn append_state(&mut self, target: &mut Vec<u8>) -> Result<(), InferenceError>;
}

impl ShowsState for CpuModel<'_> {
    fn append_state(&mut self, target: &mut Vec<u8>) -> Result<(), InferenceError> {
        target.extend_from_slice(self.state()?);
        Ok(())
    }
}

impl ShowsState for CudaModel {
    fn append_state(&mut self, target: &mut Vec<u8>) -> Result<(), InferenceError> {
        let start = target.len();
        target.resize(start + self.model().state_bytes(), 0);
        self.read_state(&mut target[start..])
    }
}

/// The states after the inputs so far: a digest of each, and their bytes where they are wanted.
#[derive(Debug, Default)]
pub(crate) struct States {
    keeps_bytes: bool,
    bytes: Vec<u8>,
    digests: Vec<u64>,
}

impl States {
    /// Returns none yet; `keeps_bytes` says that their bytes are wanted.
    pub(crate) fn new(keeps_bytes: bool) -> Self {
        Self { keeps_bytes, ..Self::default() }
    }

    /// Notes the state that a step has left; nothing for a model without.
    pub(crate) fn note(&mut self, model: &mut impl ShowsState) -> Result<(), InferenceError> {
        let start = self.bytes.len();
        model.append_state(&mut self.bytes)?;
        if self.bytes.len() > start {
            self.digests.push(digest_of(&self.bytes[start..]));
        }
        if !self.keeps_bytes {
            self.bytes.clear();
        }
        Ok(())
    }

    /// Returns the bytes of all states, one after another.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the digest of each state; none for a model without.
    pub(crate) fn digests(&self) -> &[u64] {
        &self.digests
    }
}
