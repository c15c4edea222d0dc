//! The state of a stream, from task to task.

use crate::arena::Arena;

/// The state of a model with state, for one stream of inputs.
#[derive(Debug)]
pub struct ModelStream<'m> {
    model: u32,
    state: Arena<'m>,
    /// The place of the task that is in flight.
    pub(super) user: Option<u32>,
    /// Whether the last step ended; a stream begins with one that did not.
    pub(super) is_whole: bool,
}

impl<'m> ModelStream<'m> {
    /// Returns a stream of the model with this index, in lent memory, before its first step.
    #[must_use]
    pub const fn lent(model: u32, state: &'m mut [u8]) -> Self {
        Self { model, state: Arena::Lent(state), user: None, is_whole: false }
    }

    /// Returns a stream with memory of its own; `None` when there is not enough.
    #[cfg(feature = "std")]
    pub(super) fn owned(model: u32, state_bytes: usize) -> Option<Self> {
        let mut state = Arena::unallocated();
        state.prepare(state_bytes).ok()?;
        Some(Self { model, state, user: None, is_whole: false })
    }

    /// Returns the index of its model.
    #[must_use]
    pub const fn model(&self) -> u32 {
        self.model
    }

    /// Returns what the last step left; at first whatever the memory held.
    pub(super) fn state(&mut self) -> &mut [u8] {
        self.state.bytes()
    }
}
