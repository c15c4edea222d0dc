//! Task slots in place: the same steps, on words that workers share.
//!
//! A slot is written by one side at a time. Who that is, the state word says:
//!
//! | state | who may write |
//! |---|---|
//! | Empty, Done, Faulted | the one that fills slots |
//! | Ready, Yielded, Requeued | nobody; a worker claims by compare-and-swap of the state |
//! | Running | the worker that claimed |
//! | Paused | nobody; a worker resumes by compare-and-swap of the flags |
//!
//! The state is stored last, with release, and read first, with acquire: who sees a state
//! sees the fields that belong to it. The steps themselves are those of
//! [`TaskTransition`], taken on a [`TaskSlot`] by value between a claim and the store.
//!
//! # Resume
//!
//! A worker that looks whether an epoch has come changes nothing, so it is in nobody's way.
//! When the epoch has come it swaps the flags, and whoever succeeds stores the state. What
//! keeps a late swap from waking a later pause is a turn in the upper half of the flags'
//! word, which moves on at each:
//!
//! | turn | the task is |
//! |---|---|
//! | even | paused, or was not resumed since |
//! | odd | resumed: Ready, or about to be |
//!
//! A turn comes again after 32 768 pauses. The upper half is the slot's own: it is not in
//! the tasks that go in and come out.

use super::claimed_task::ClaimedTask;
use super::fill::TaskFillError;
use super::slot::TaskSlot;
use super::state::{TaskFlags, TaskPriority, TaskState};
use super::transition::{TaskTransition, TaskTransitionError};
use crate::ring::{SharedRmw, SharedWord};

const STATE: usize = 0;
const PRIORITY: usize = 3;
const CONTINUATION_DATA: usize = 8;
const RESUME_EPOCH: usize = 9;
const FLAGS: usize = 15;
/// The upper half of the flags' word.
const TURN: u32 = 0xffff_0000;
/// The lowest bit of the turn: set in odd ones.
pub(super) const ODD: u32 = 0x0001_0000;

/// Sixteen shared words with the layout of a [`TaskSlot`].
///
/// Words are atomics of the host, of a model checker, or addresses of a device.
///
/// ```
/// use isokern_core::megakernel::{SharedTaskSlot, TaskState};
/// use isokern_core::ring::HostWord;
/// use isokern_core::TaskSlot;
///
/// let slot = SharedTaskSlot::<HostWord>::default();
/// slot.fill(TaskSlot::ready(7).with_task_id(41))?;
/// let task = slot.try_claim()?;
/// assert!(slot.try_claim().is_err()); // by one worker only
/// assert_eq!(task.value().task_id(), 41);
/// task.complete()?;
/// assert_eq!(slot.snapshot().state(), Some(TaskState::Done));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct SharedTaskSlot<W>([W; 16]);

/// How a claimed task ends, as its slot says it.
#[derive(Clone, Copy, Debug)]
pub(super) enum SlotEnd {
    Done,
    Faulted { code: u32 },
}

impl<W> SharedTaskSlot<W> {
    /// Returns the slot of these words, which hold an empty slot or one written here before.
    #[must_use]
    pub const fn new(words: [W; 16]) -> Self {
        Self(words)
    }
}

impl<W: SharedWord> SharedTaskSlot<W> {
    /// Reads the slot. Fields belong to the state read while nobody writes; while a worker
    /// has it they are of no use to others.
    #[must_use]
    pub fn snapshot(&self) -> TaskSlot {
        let mut words = self.words(self.state().load_acquire());
        words[FLAGS] &= !TURN;
        TaskSlot::from_words(words)
    }

    /// Reads every field that belongs to a state read before.
    fn words(&self, state: u32) -> [u32; 16] {
        let [_, fields @ ..] = &self.0;
        let mut words = [state; 16];
        let [_, loaded @ ..] = &mut words;
        // Without a loop, whose count is more than what it does.
        *loaded = fields.each_ref().map(SharedWord::load_relaxed);
        words
    }

    /// Returns the state alone, `None` when its word has no meaning. Acquire, as a snapshot.
    pub(super) fn state_now(&self) -> Option<TaskState> {
        TaskState::from_word(self.state().load_acquire())
    }

    /// Returns whether a task may be filled in.
    pub(super) fn is_free(&self) -> bool {
        self.state_now().is_some_and(|state| state == TaskState::Empty || state.is_final())
    }

    /// Returns the class of a task that nobody writes at the moment.
    pub(super) fn class(&self) -> Option<TaskPriority> {
        TaskPriority::from_word(self.0[PRIORITY].load_relaxed())
    }

    /// Returns the task in the hands of the worker that [claimed](Self::claim) it; `value` is what
    /// it is.
    pub(super) const fn taken(&self, value: TaskSlot) -> ClaimedTask<'_, W>
    where
        W: SharedWord,
    {
        ClaimedTask::new(self, value)
    }

    /// Writes a task into a free slot; for the one that fills slots.
    ///
    /// # Errors
    ///
    /// [`TaskFillError`] when the slot has a task that has not ended, or the task is not one
    /// to be claimed: not Ready, of no known priority, with flags of another state. The slot
    /// stays as it was.
    pub fn fill(&self, task: TaskSlot) -> Result<(), TaskFillError> {
        TaskFillError::check(self.state().load_acquire(), &task)?;
        self.store(task, self.turn());
        Ok(())
    }

    /// Stores every field, then the state.
    pub(super) fn store(&self, task: TaskSlot, turn: u32) {
        let [state, fields @ .., flags] = &self.0;
        let [state_word, words @ .., flags_word] = task.to_words();
        for (field, word) in fields.iter().zip(words) {
            field.store_relaxed(word);
        }
        // Who sees the turn of a pause sees its epoch, also when the state read was older.
        flags.store_release(flags_word & !TURN | turn);
        state.store_release(state_word);
    }

    /// Ends the task that a worker has claimed: writes the words alone that this changes.
    pub(super) fn end(&self, end: SlotEnd) {
        let state = match end {
            SlotEnd::Done => TaskState::Done,
            SlotEnd::Faulted { code } => {
                self.0[CONTINUATION_DATA].store_relaxed(code);
                TaskState::Faulted
            }
        };
        // No flag outlives the end. As in `store`, for who reads them before the state.
        self.0[FLAGS].store_release(self.turn());
        self.state().store_release(state.word());
    }

    const fn state(&self) -> &W {
        &self.0[STATE]
    }

    /// Returns the turn in its place; of use to the one that may write.
    pub(super) fn turn(&self) -> u32 {
        self.0[FLAGS].load_relaxed() & TURN
    }
}

impl<W: SharedRmw> SharedTaskSlot<W> {
    /// Takes the task, as exactly one of all workers that try.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) with the state found, when it is not
    /// Ready, Yielded or Requeued, or no longer.
    pub fn try_claim(&self) -> Result<ClaimedTask<'_, W>, TaskTransitionError> {
        self.claim()?;
        Ok(ClaimedTask::new(self, self.claimed()))
    }

    /// Takes the task as [`try_claim`](Self::try_claim), for a worker that goes on with
    /// [`claimed`](Self::claimed), and owes a step or [`end`](Self::end).
    pub(super) fn claim(&self) -> Result<(), TaskTransitionError> {
        let mut state = self.state().load_acquire();
        loop {
            TaskTransition::Claim.apply(state, TaskFlags::empty())?;
            match self.state().compare_exchange(state, TaskState::Running.word()) {
                Ok(_) => return Ok(()),
                Err(found) => state = found,
            }
        }
    }

    /// Returns the task that was just claimed, and takes the flags away that a claim does.
    #[inline]
    pub(super) fn claimed(&self) -> TaskSlot {
        let mut words = self.words(TaskState::Running.word());
        let found = words[FLAGS];
        // The rule is the table's; the state was Ready or like it a moment ago.
        let flags = TaskFlags::from_bits(found & !TURN);
        let claim = TaskTransition::Claim.apply(TaskState::Ready.word(), flags);
        let flags = claim.map_or(flags, |(_, flags)| flags);
        words[FLAGS] = flags.bits();
        if found & !TURN != flags.bits() {
            self.0[FLAGS].store_relaxed(flags.bits() | found & TURN);
        }
        TaskSlot::from_words(words)
    }

    /// Makes a paused task ready again when its epoch has come.
    ///
    /// # Errors
    ///
    /// [`WrongState`](TaskTransitionError::WrongState) unless Paused,
    /// [`EpochNotCome`](TaskTransitionError::EpochNotCome) when `epoch` is less than the one
    /// it waits for; it stays paused. A task that another worker is resuming counts as Ready.
    pub fn try_resume(&self, epoch: u32) -> Result<(), TaskTransitionError> {
        self.resume(epoch, |_| true)
    }

    /// Works as [`try_resume`](Self::try_resume), of the pause with this turn and no later one,
    /// which may be another task's.
    pub(super) fn try_resume_turn(&self, epoch: u32, turn: u32) -> Result<(), TaskTransitionError> {
        self.resume(epoch, |found| found == turn)
    }

    fn resume(
        &self,
        epoch: u32,
        is_wanted: impl Fn(u32) -> bool,
    ) -> Result<(), TaskTransitionError> {
        let transition = TaskTransition::Resume;
        loop {
            let state = self.state().load_acquire();
            let word = self.0[FLAGS].load_acquire();
            let (next, flags) = transition.apply(state, TaskFlags::from_bits(word & !TURN))?;
            if word & ODD != 0 || !is_wanted(word & TURN) {
                let state = next.word();
                return Err(TaskTransitionError::WrongState { transition, state });
            }
            // Of this pause, or of a later one; then somebody has resumed this one, and the
            // swap below fails.
            let resume_epoch = self.0[RESUME_EPOCH].load_relaxed();
            if epoch < resume_epoch {
                return Err(TaskTransitionError::EpochNotCome { resume_epoch, epoch });
            }
            let resumed = flags.bits() | word & TURN | ODD;
            if self.0[FLAGS].compare_exchange(word, resumed).is_ok() {
                self.state().store_release(next.word());
                return Ok(());
            }
        }
    }
}
