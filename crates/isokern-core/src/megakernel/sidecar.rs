//! What workers keep beside a slot: 64 bytes, on their side.
//!
//! | word | field | word | field |
//! |---|---|---|---|
//! | 0 | generation | 7 | epoch of a pause asked for |
//! | 1 | pending: children that have not ended, and 1 | 8, 9 | enqueued, ns |
//! | 2 | join slot + 1, 0 is none | 10, 11 | claimed, ns |
//! | 3 | flags, [`SidecarFlags`] | 12, 13 | ended, ns |
//! | 4 | deadline in ticks after intake, 0 is none | 14 | worker that claimed last |
//! | 5 | event, 0 is none | 15 | code of an end that waits for children |
//! | 6 | epoch told | | |

use crate::ring::SharedWord;

/// Bits that are said about a task beside its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SidecarFlags(u32);

impl SidecarFlags {
    /// Bit 0: somebody cancelled the task.
    pub const CANCELLED: Self = Self(1);
    /// Bit 1: somebody asked for a pause.
    pub const PAUSE_ASKED: Self = Self(1 << 1);
    /// Bit 2: the task is held and was not released.
    pub const HELD: Self = Self(1 << 2);
    /// Bit 3: it has no host that waits: another task spawned it.
    pub const SPAWNED: Self = Self(1 << 3);
    /// Bit 4: one of its children failed or was cancelled.
    pub const CHILD_FAILED: Self = Self(1 << 4);
    /// Bit 5: it is done and waits for its children.
    pub const ENDING_DONE: Self = Self(1 << 5);
    /// Bit 6: it failed and waits for its children.
    pub const ENDING_FAULTED: Self = Self(1 << 6);
    /// Bit 7: it was ended by a cancel and waits for its children.
    pub const ENDING_CANCELLED: Self = Self(1 << 7);

    /// Returns the set with these bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether every flag of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the flags of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// The sixteen words beside one slot.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Sidecar<W> {
    pub(super) generation: W,
    pub(super) pending: W,
    pub(super) join: W,
    pub(super) flags: W,
    pub(super) deadline_ticks: W,
    pub(super) event: W,
    pub(super) told: W,
    pub(super) asked_epoch: W,
    pub(super) enqueued: Moment<W>,
    pub(super) claimed: Moment<W>,
    pub(super) ended: Moment<W>,
    pub(super) worker: W,
    pub(super) code: W,
}

const _: () = assert!(size_of::<Sidecar<crate::ring::HostWord>>() == 64);

/// A moment of the workers' clock in two words, written by one side at a time.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Moment<W> {
    low: W,
    high: W,
}

impl<W: SharedWord> Moment<W> {
    pub(super) fn load(&self) -> u64 {
        u64::from(self.high.load_relaxed()) << 32 | u64::from(self.low.load_relaxed())
    }
}

impl<W> Sidecar<W> {
    /// Returns a sidecar of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        let mut moment = || Moment { low: word(), high: word() };
        let (enqueued, claimed, ended) = (moment(), moment(), moment());
        Self {
            generation: word(),
            pending: word(),
            join: word(),
            flags: word(),
            deadline_ticks: word(),
            event: word(),
            told: word(),
            asked_epoch: word(),
            enqueued,
            claimed,
            ended,
            worker: word(),
            code: word(),
        }
    }
}

impl<W: SharedWord> Sidecar<W> {
    /// Returns which of the slot's tasks is in it.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation.load_relaxed()
    }

    /// Returns the flags.
    #[must_use]
    pub fn flags(&self) -> SidecarFlags {
        SidecarFlags::from_bits(self.flags.load_acquire())
    }

    /// Returns when the task was last put into a queue, in nanoseconds of the workers' clock.
    #[must_use]
    pub fn enqueued_ns(&self) -> u64 {
        self.enqueued.load()
    }

    /// Returns when a worker last claimed it.
    #[must_use]
    pub fn claimed_ns(&self) -> u64 {
        self.claimed.load()
    }

    /// Returns when it ended, of a task that has.
    #[must_use]
    pub fn ended_ns(&self) -> u64 {
        self.ended.load()
    }

    /// Returns the worker that claimed it last.
    #[must_use]
    pub fn worker(&self) -> u32 {
        self.worker.load_relaxed()
    }
}
