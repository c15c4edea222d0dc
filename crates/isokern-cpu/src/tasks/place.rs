//! A place that a task works in.

use crate::arena::Arena;

/// An arena for one task in flight, and how far the task has come.
#[derive(Debug)]
pub struct ModelPlace<'m> {
    arena: Arena<'m>,
    pub(super) stage: Stage,
}

/// What is in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing.
    Free,
    /// Operators from `next` on are to run; at 0 none has run.
    Asked { model: u32, next: u32 },
    /// The outputs of this model.
    Done { model: u32 },
    /// What a step left that did not end.
    Failed,
}

impl<'m> ModelPlace<'m> {
    /// Returns a free place in lent memory.
    #[must_use]
    pub const fn lent(arena: &'m mut [u8]) -> Self {
        Self { arena: Arena::Lent(arena), stage: Stage::Free }
    }

    /// Returns a free place with memory of its own; `None` when there is not enough.
    #[cfg(feature = "std")]
    pub(super) fn owned(arena_bytes: usize) -> Option<Self> {
        let mut arena = Arena::unallocated();
        arena.prepare(arena_bytes).ok()?;
        Some(Self { arena, stage: Stage::Free })
    }

    /// Returns whether a task may be asked here.
    pub(super) fn is_free(&self) -> bool {
        self.stage == Stage::Free
    }

    /// Returns whether the outputs of a task are here.
    pub(super) const fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done { .. })
    }

    /// Returns the arena.
    pub(super) fn arena(&mut self) -> &mut [u8] {
        self.arena.bytes()
    }
}
