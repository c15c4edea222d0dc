//! Completions, what the workers say to the host: 16 bytes, when a task has ended.
//!
//! | bits of word | field |
//! |---|---|
//! | 0: 0..30 | slot |
//! | 0: 30..32 | outcome, [`TaskOutcome`] |
//! | 1 | generation |
//! | 2 | fault code, else 0 |
//! | 3 | nanoseconds from intake to end, `u32::MAX` for 4.29 s or more |

use bytemuck::{Pod, Zeroable};

use super::handle::TaskHandle;
use crate::numbered;

numbered! {
    /// The outcome of a task.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum TaskOutcome: u32, word, from_word {
        /// It finished.
        Done = 0,
        /// It failed, with a code.
        Faulted = 1,
        /// It was cancelled before it finished.
        Cancelled = 2,
    }
}

/// One message to the host: a task has ended, and its slot is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Completion {
    place: u32,
    generation: u32,
    code: u32,
    elapsed_ns: u32,
}

const OUTCOME_SHIFT: u32 = 30;
const SLOT_MASK: u32 = (1 << OUTCOME_SHIFT) - 1;

const _: () = assert!(size_of::<Completion>() == 16);

impl Completion {
    /// Returns the message for a slot below 2³⁰.
    #[must_use]
    pub const fn new(
        slot: u32,
        generation: u32,
        outcome: TaskOutcome,
        code: u32,
        elapsed_ns: u64,
    ) -> Self {
        let elapsed_ns = if elapsed_ns > u32::MAX as u64 { u32::MAX } else { elapsed_ns as u32 };
        let place = outcome.word() << OUTCOME_SHIFT | slot & SLOT_MASK;
        Self { place, generation, code, elapsed_ns }
    }

    /// Returns the slot that is free.
    #[must_use]
    pub const fn slot(&self) -> u32 {
        self.place & SLOT_MASK
    }

    /// Returns which of the slot's tasks has ended.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Returns how; `None` when the number has no meaning.
    #[must_use]
    pub const fn outcome(&self) -> Option<TaskOutcome> {
        TaskOutcome::from_word(self.place >> OUTCOME_SHIFT)
    }

    /// Returns the fault code, 0 for a task that did not fail.
    #[must_use]
    pub const fn code(&self) -> u32 {
        self.code
    }

    /// Returns the nanoseconds from intake to end, [`u32::MAX`] for 4.29 s or more.
    #[must_use]
    pub const fn elapsed_ns(&self) -> u32 {
        self.elapsed_ns
    }
}

impl Completion {
    /// Returns what its owner learns; `None` when the outcome has no meaning.
    #[must_use]
    pub const fn end(&self) -> Option<TaskEnd> {
        let Some(outcome) = self.outcome() else {
            return None;
        };
        let Self { generation, code, elapsed_ns, .. } = *self;
        Some(TaskEnd { slot: self.slot(), generation, outcome, code, elapsed_ns })
    }
}

/// The end of a task, as its owner learns of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskEnd {
    /// Which task.
    pub slot: u32,
    /// Which of the slot's tasks.
    pub generation: u32,
    /// How it ended.
    pub outcome: TaskOutcome,
    /// The fault code, 0 for a task that did not fail.
    pub code: u32,
    /// The nanoseconds from intake to end, [`u32::MAX`] for 4.29 s or more.
    pub elapsed_ns: u32,
}

impl TaskEnd {
    /// Returns whether it is this task that has ended.
    #[must_use]
    pub const fn is_of(&self, handle: TaskHandle) -> bool {
        self.slot == handle.slot() && self.generation == handle.generation()
    }
}
