//! Steps: what a handler says when it gives a task back to its worker.

use super::state::TaskPriority;

/// The result of one run of a task; the worker takes the slot's step and continues with another.
///
/// `pc` and `data` come back with the next run, as
/// [`continuation_pc`](super::TaskSlot::continuation_pc) and
/// [`continuation_data`](super::TaskSlot::continuation_data).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskStep {
    /// The task is finished. It ends after the tasks that it spawned.
    Done,
    /// The task gives way and goes to the back of its class.
    Yield {
        /// Where it goes on.
        pc: u32,
        /// What it needs there.
        data: u32,
    },
    /// The task goes to the back of another class, or of its own, one tick older.
    Requeue {
        /// Where it goes on.
        pc: u32,
        /// What it needs there.
        data: u32,
        /// The class it goes to.
        priority: TaskPriority,
    },
    /// The task waits until it is resumed for this epoch or a later one, or until its event has
    /// that value. When that was said before it waited, it goes on at once.
    Pause {
        /// Where it goes on.
        pc: u32,
        /// What it needs there.
        data: u32,
        /// What it waits for; [`u32::MAX`] is taken as one less.
        epoch: u32,
    },
    /// The task waits for the end of every task that it spawned. Without any it goes on at once.
    Join {
        /// Where it goes on.
        pc: u32,
        /// What it needs there.
        data: u32,
    },
    /// The task failed. It ends after the tasks that it spawned.
    Fault {
        /// Why, in the handler's own numbers. The last 256 are the workers'.
        code: u32,
    },
}
