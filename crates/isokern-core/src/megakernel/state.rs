//! The words of a task slot that have names: state, priority, flags.

use core::fmt;

use crate::numbered;
use bytemuck::{Pod, Zeroable};

numbered! {
    /// The state of a task; the slot's first word.
    ///
    /// ```
    /// use isokern_core::megakernel::TaskState;
    ///
    /// assert_eq!(TaskState::from_word(5), Some(TaskState::Yielded));
    /// assert!(TaskState::Yielded.is_schedulable() && !TaskState::Paused.is_schedulable());
    /// assert_eq!(TaskState::from_word(8), None);
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum TaskState: u32, word, from_word {
        /// No task.
        Empty = 0,
        /// To be claimed for the first time, or again after a pause.
        Ready = 1,
        /// In the hands of one worker.
        Running = 2,
        /// Finished.
        Done = 3,
        /// Not to be claimed before it is resumed.
        Paused = 4,
        /// Gave way; to be claimed again.
        Yielded = 5,
        /// Put back, maybe with another priority; to be claimed again.
        Requeued = 6,
        /// Failed; the slot holds the fault code.
        Faulted = 7,
    }
}

impl TaskState {
    /// Says whether a worker may claim the task.
    #[must_use]
    pub const fn is_schedulable(self) -> bool {
        matches!(self, Self::Ready | Self::Yielded | Self::Requeued)
    }

    /// Says whether the task's life is over.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Faulted)
    }
}

numbered! {
    /// The priority of a task; a lower word is claimed first.
    ///
    /// ```
    /// use isokern_core::megakernel::TaskPriority;
    ///
    /// assert!(TaskPriority::Critical < TaskPriority::default());
    /// assert_eq!(TaskPriority::from_word(4), Some(TaskPriority::Idle));
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum TaskPriority: u32, word, from_word {
        /// Before everything else.
        Critical = 0,
        /// Before the usual work.
        High = 1,
        /// The usual work.
        #[default]
        Normal = 2,
        /// After the usual work.
        Low = 3,
        /// When there is nothing else to do.
        Idle = 4,
    }
}

/// Flags of a task that workers share, beside its state.
///
/// Bits without a name are kept until the task ends, whose flags are 0. In memory that workers
/// share, [`SharedTaskSlot`](super::SharedTaskSlot) has the upper half of the word for itself.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct TaskFlags(u32);

impl TaskFlags {
    /// Bit 0: the task is paused.
    pub const PAUSED: Self = Self(1);
    /// Bit 1: the task gave way.
    pub const YIELDED: Self = Self(1 << 1);
    /// Bit 2: the task was put back.
    pub const REQUEUE_REQUESTED: Self = Self(1 << 2);
    /// Bit 3: the task was paused, and starts where it stopped.
    pub const RESUME_READY: Self = Self(1 << 3);

    /// Returns the set without flags.
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Returns the set with these bits, named or not.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the flags of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the flags of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Says whether every flag of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for TaskFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskFlags({:#06b})", self.0)
    }
}
