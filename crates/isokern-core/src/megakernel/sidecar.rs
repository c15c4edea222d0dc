//! What workers keep beside a slot: 64 bytes, on their side.
//!
//! | word | field | word | field |
//! |---|---|---|---|
//! | 0 | generation | 7 | epoch of a pause asked for |
//! | 1 | pending: children that have not ended, and 1 | 8, 9 | enqueued, ns |
//! | 2 | join slot + 1, 0 is none | 10, 11 | claimed, ns |
//! | 3 | flags, [`SidecarFlags`] | 12, 13 | last put into a queue, or ended, ns |
//! | 4 | deadline in ticks after intake, 0 is none | 14 | worker that claimed last |
//! | 5 | event, 0 is none | 15 | code of an end that waits for children |
//! | 6 | epoch told | | |

use super::completion::TaskOutcome;
use super::submission::Submission;
use crate::ring::{SharedRmw, SharedWord};

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

    /// Returns what a task is whose end waits for its children.
    pub(super) const fn ending(outcome: TaskOutcome) -> Self {
        match outcome {
            TaskOutcome::Done => Self::ENDING_DONE,
            TaskOutcome::Faulted => Self::ENDING_FAULTED,
            TaskOutcome::Cancelled => Self::ENDING_CANCELLED,
        }
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
    pub(super) last: Moment<W>,
    pub(super) worker: W,
    pub(super) code: W,
}

const _: () = assert!(size_of::<Sidecar<crate::ring::HostWord>>() == 64);

/// A moment of the workers' clock in two words, written by one side at a time.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Moment<W> {
    pub(super) low: W,
    pub(super) high: W,
}

impl<W: SharedWord> Moment<W> {
    pub(super) fn store(&self, moment_ns: u64) {
        self.low.store_relaxed(moment_ns as u32);
        self.high.store_relaxed((moment_ns >> 32) as u32);
    }

    pub(super) fn load(&self) -> u64 {
        u64::from(self.high.load_relaxed()) << 32 | u64::from(self.low.load_relaxed())
    }
}

impl<W> Sidecar<W> {
    /// Returns a sidecar of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        let mut moment = || Moment { low: word(), high: word() };
        let (enqueued, claimed, last) = (moment(), moment(), moment());
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
            last,
            worker: word(),
            code: word(),
        }
    }
}

impl<W: SharedWord> Sidecar<W> {
    /// Writes what belongs to a new task; for the one that fills the slot, before the slot's
    /// state says so.
    pub(super) fn begin(&self, submission: &Submission, flags: SidecarFlags, now_ns: u64) {
        self.generation.store_relaxed(submission.generation());
        self.pending.store_relaxed(1);
        self.join.store_relaxed(submission.join().map_or(0, |slot| slot.wrapping_add(1)));
        self.flags.store_relaxed(flags.bits());
        self.deadline_ticks.store_relaxed(submission.deadline_ticks());
        self.event.store_relaxed(submission.event());
        self.told.store_relaxed(0);
        self.enqueued.store(now_ns);
    }

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

    /// Returns when the task was taken in, in nanoseconds of the workers' clock.
    #[must_use]
    pub fn enqueued_ns(&self) -> u64 {
        self.enqueued.load()
    }

    /// Returns when a worker last claimed it.
    #[must_use]
    pub fn claimed_ns(&self) -> u64 {
        self.claimed.load()
    }

    /// Returns when it was last put into a queue; of a task that has ended, when that was.
    #[must_use]
    pub fn last_ns(&self) -> u64 {
        self.last.load()
    }

    /// Returns the worker that claimed it last.
    #[must_use]
    pub fn worker(&self) -> u32 {
        self.worker.load_relaxed()
    }
}

impl<W: SharedRmw> Sidecar<W> {
    /// Sets flags while others may set theirs.
    pub(super) fn set_flags(&self, flags: SidecarFlags) {
        change(&self.flags, |bits| bits | flags.bits());
    }

    /// Takes flags away while others may set theirs.
    pub(super) fn clear_flags(&self, flags: SidecarFlags) {
        change(&self.flags, |bits| bits & !flags.bits());
    }

    /// Says that the epoch has come to `epoch`, and returns the latest one said.
    ///
    /// Who pauses asks here after the pause, and who resumes says it here before the look at the
    /// state. Both change one word, so one of the two sees the other: with 0 it only asks.
    pub(super) fn tell_epoch(&self, epoch: u32) -> u32 {
        tell(&self.told, epoch)
    }
}

/// Raises a word to at least `value`, and returns what it holds then. With 0 it only asks, but by
/// a change, so that of two calls one comes after the other and sees what was before that.
pub(super) fn tell<W: SharedRmw>(word: &W, value: u32) -> u32 {
    change(word, |told| told.max(value))
}

/// Changes a word in one step and returns what it holds then.
fn change<W: SharedRmw>(word: &W, to: impl Fn(u32) -> u32) -> u32 {
    let mut found = word.load_acquire();
    loop {
        let wanted = to(found);
        match word.compare_exchange(found, wanted) {
            Ok(_) => return wanted,
            Err(other) => found = other,
        }
    }
}
