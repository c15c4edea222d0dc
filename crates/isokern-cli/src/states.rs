//! The state of a model after each of its inputs.

use isokern::samples::digest_of;
use isokern::{Error, Session};

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

    /// Notes the state that the input at `index` has left; nothing for a model without.
    pub(crate) fn note(&mut self, session: &mut Session, index: usize) -> Result<(), Error> {
        if index == 0 {
            // The run may have begun again, elsewhere.
            self.bytes.clear();
            self.digests.clear();
        }
        let start = self.bytes.len();
        session.append_state(&mut self.bytes)?;
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
