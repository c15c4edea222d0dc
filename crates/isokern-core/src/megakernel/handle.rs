//! The name of an accepted task.

use super::state::TaskPriority;

/// The name of a task: the slot it is in, and which of the slot's tasks it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskHandle {
    slot: u32,
    generation: u32,
    inlet: u32,
}

/// The two ways in.
pub const INLET_COUNT: usize = 2;

impl TaskHandle {
    /// Returns the name of a task that came in by this inlet.
    #[must_use]
    pub const fn new(slot: u32, generation: u32, inlet: u32) -> Self {
        Self { slot, generation, inlet }
    }

    /// Returns the slot.
    #[must_use]
    pub const fn slot(self) -> u32 {
        self.slot
    }

    /// Returns which of the slot's tasks it is.
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.generation
    }

    /// Returns the way it came in by, on which whatever is said about it must follow.
    #[must_use]
    pub const fn inlet(self) -> u32 {
        self.inlet
    }
}

/// Returns the inlet of a class: 0 for Critical and High, 1 for the rest, so that an urgent task
/// waits for urgent ones alone.
pub(super) const fn inlet_of(priority: TaskPriority) -> u32 {
    match priority {
        TaskPriority::Critical | TaskPriority::High => 0,
        TaskPriority::Normal | TaskPriority::Low | TaskPriority::Idle => 1,
    }
}
