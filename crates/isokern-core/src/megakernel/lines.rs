//! Words beside the slots: of all workers, of one worker, of the host.

use super::completion::{TaskEnd, TaskOutcome};
use super::handle::INLET_COUNT;
use super::task_shape::{EVENT_COUNT, TENANT_COUNT};
use crate::ring::SharedWord;

/// Submissions are taken.
pub(super) const GATE_OPEN: u32 = 0;
/// One is under way.
pub(super) const GATE_BUSY: u32 = 1;
/// No more are taken.
pub(super) const GATE_CLOSED: u32 = 2;

/// The words that the host's ends write.
///
/// | word | written by | what |
/// |---|---|---|
/// | gate | the host's ends | 0 open, 1 while a submission is under way, 2 closed |
/// | stop | the host's ends | 1: claims end now |
/// | accepted | the submitter, two words | tasks that were accepted |
/// | tenants | the end that takes completions | tasks of each tenant whose end was taken |
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct GateLine<W> {
    pub(super) gate: W,
    pub(super) stop: W,
    pub(super) accepted_low: W,
    pub(super) accepted_high: W,
    pub(super) tenants: [W; TENANT_COUNT],
}

impl<W> GateLine<W> {
    /// Returns a line of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        Self {
            gate: word(),
            stop: word(),
            accepted_low: word(),
            accepted_high: word(),
            tenants: core::array::from_fn(|_| word()),
        }
    }
}

impl<W: SharedWord> GateLine<W> {
    /// Returns whether the workers were asked to claim no more.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load_relaxed() != 0
    }

    /// Returns whether no more can be submitted.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.gate.load_acquire() == GATE_CLOSED
    }

    /// Returns how many tasks were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        let high = u64::from(self.accepted_high.load_acquire()) << 32;
        high | u64::from(self.accepted_low.load_relaxed())
    }

    pub(super) fn show_accepted(&self, accepted: u64) {
        self.accepted_low.store_relaxed(accepted as u32);
        self.accepted_high.store_release((accepted >> 32) as u32);
    }

    /// Returns how many tasks of a tenant have had their ends taken, modulo 2³².
    pub(super) fn tenant_ended(&self, tenant: usize) -> u32 {
        self.tenants.get(tenant).map_or(0, SharedWord::load_acquire)
    }

    pub(super) fn count_tenant_ended(&self, tenant: u32) {
        if let Some(word) = self.tenants.get(tenant as usize) {
            word.store_release(word.load_relaxed().wrapping_add(1));
        }
    }
}

/// The words that all workers share.
///
/// | word | written by | what |
/// |---|---|---|
/// | intake | workers | 1 while one of them takes submissions in |
/// | heads | whoever has the intake | of each inlet, the next ticket to take |
/// | events | whoever has the intake | the value of each event |
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct SharedLine<W> {
    pub(super) intake: W,
    pub(super) heads: [W; INLET_COUNT],
    pub(super) events: [W; EVENT_COUNT],
}

impl<W> SharedLine<W> {
    /// Returns a line of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        Self {
            intake: word(),
            heads: core::array::from_fn(|_| word()),
            events: core::array::from_fn(|_| word()),
        }
    }

    /// Returns the next ticket of an inlet, the first for 0 and the second for any other.
    pub(super) const fn head(&self, inlet: u32) -> &W {
        let [first, second] = &self.heads;
        if inlet == 0 { first } else { second }
    }

    /// Returns the word of an event, 1 to [`EVENT_COUNT`].
    pub(super) fn event(&self, number: u32) -> Option<&W> {
        self.events.get(number.checked_sub(1)? as usize)
    }
}

/// Numbers that each worker counts in its line.
pub(super) const TALLY_COUNT: usize = 12;

/// One worker's own words. Only it writes them, so that the next slice can go on from them.
///
/// `came` and `went` count tasks that became ready to run and that stopped being so: when the
/// sums over all workers are equal, nothing is queued and nothing runs.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct WorkerLine<W> {
    pub(super) came: W,
    pub(super) went: W,
    /// The next ticket of its completions.
    pub(super) tail: W,
    /// 1 + the slot of the task whose handler runs, or 0.
    pub(super) in_hand: W,
    pub(super) tallies: [[W; 2]; TALLY_COUNT],
}

impl<W> WorkerLine<W> {
    /// Returns a line of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        Self {
            came: word(),
            went: word(),
            tail: word(),
            in_hand: word(),
            tallies: core::array::from_fn(|_| [word(), word()]),
        }
    }
}

impl<W: SharedWord> WorkerLine<W> {
    pub(super) fn show(&self, index: usize, number: u64) {
        if let Some([low, high]) = self.tallies.get(index) {
            low.store_relaxed(number as u32);
            high.store_release((number >> 32) as u32);
        }
    }

    pub(super) fn read(&self, index: usize) -> u64 {
        self.tallies.get(index).map_or(0, |[low, high]| {
            let high = u64::from(high.load_acquire()) << 32;
            high | u64::from(low.load_relaxed())
        })
    }
}

/// In a note: the end of the task was told.
const TAKEN: u32 = u32::MAX;
/// Bits of a note's owner that are the tenant.
const TENANT_BITS: u32 = 4;
const _: () = assert!(TENANT_COUNT == 1 << TENANT_BITS);

/// The notes of the host's ends on one slot. Workers never read them.
#[derive(Debug, Default)]
#[repr(C)]
pub struct HostNote<W> {
    /// Generation and tenant, the submitter's.
    pub(super) owner: W,
    /// 0 while the task has not ended, 1 + outcome of an end that was taken from its ring and not
    /// yet asked for, and then [`TAKEN`].
    pub(super) kept: W,
    pub(super) code: W,
    pub(super) elapsed_ns: W,
}

impl<W> HostNote<W> {
    /// Returns a note of words made one by one, all zero.
    pub fn from_words(mut word: impl FnMut() -> W) -> Self {
        Self { owner: word(), kept: word(), code: word(), elapsed_ns: word() }
    }
}

impl<W: SharedWord> HostNote<W> {
    /// Returns which of the slot's tasks it is about.
    pub(super) fn generation(&self) -> u32 {
        self.owner.load_relaxed() >> TENANT_BITS
    }

    pub(super) fn tenant(&self) -> u32 {
        self.owner.load_relaxed() & ((1 << TENANT_BITS) - 1)
    }

    /// Begins the note of the slot's next task, and returns its generation, which is never 0.
    pub(super) fn begin(&self, tenant: u32) -> u32 {
        let next = self.generation().wrapping_add(1) & (u32::MAX >> TENANT_BITS);
        let generation = next.max(1);
        self.owner.store_relaxed(generation << TENANT_BITS | tenant);
        self.kept.store_relaxed(0);
        generation
    }

    /// Keeps an end that nobody has asked for yet.
    pub(super) fn keep(&self, end: &TaskEnd) {
        self.code.store_relaxed(end.code);
        self.elapsed_ns.store_relaxed(end.elapsed_ns);
        self.kept.store_relaxed(1 + end.outcome.word());
    }

    pub(super) fn kept_end(&self, slot: u32) -> Option<TaskEnd> {
        let outcome = TaskOutcome::from_word(self.kept.load_relaxed().checked_sub(1)?)?;
        let (code, elapsed_ns) = (self.code.load_relaxed(), self.elapsed_ns.load_relaxed());
        Some(TaskEnd { slot, generation: self.generation(), outcome, code, elapsed_ns })
    }

    /// Says that the end was told.
    pub(super) fn finish(&self) {
        self.kept.store_relaxed(TAKEN);
    }

    pub(super) fn is_finished(&self) -> bool {
        self.kept.load_relaxed() == TAKEN
    }
}
