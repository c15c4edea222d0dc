//! One worker's own state, and the steps that put tasks into queues.

use super::lines::WorkerLine;
use super::queue;
use super::shared_slot::SharedTaskSlot;
use super::sidecar::{Sidecar, SidecarFlags};
use super::state::TaskPriority;
use super::tally::{Tallies, Tally};
use super::task_host::TaskSlice;
use super::task_memory::{TaskBells, TaskMemory, WorkerMemory};
use super::task_shape::TaskShape;
use crate::ring::{ProducerState, SharedCounter, SharedWord};

/// The epoch of a task that waits for others, which no resume reaches.
pub(super) const JOIN_EPOCH: u32 = u32::MAX;
/// The last epoch that can be told.
pub(super) const EPOCH_MAX: u32 = u32::MAX - 1;

/// What a worker knows by itself. Each step is given the memory.
#[derive(Debug)]
pub(super) struct Hand {
    pub(super) number: u32,
    pub(super) shape: TaskShape,
    pub(super) end_ns: u64,
    pub(super) passed_over_max: u32,
    /// How often each class was passed over in a row.
    pub(super) passed: [u32; CLASS_COUNT],
    /// The most of them, or more.
    most_passed: u32,
    pub(super) tallies: Tallies,
    pub(super) out: ProducerState,
    /// The slot of the task that it runs.
    pub(super) running: Option<u32>,
    /// The time at the last look.
    pub(super) now_ns: u64,
    /// When the host's words are to be looked at again.
    pub(super) next_look_ns: u64,
    /// Whether the host had asked to stop at the last look at its words.
    pub(super) is_stopped: bool,
    came: u32,
    went: u32,
}

pub(super) const CLASS_COUNT: usize = TaskPriority::ALL.len();

/// A slot and what is beside it.
pub(super) struct Place<'m, W> {
    pub(super) index: u32,
    pub(super) slot: &'m SharedTaskSlot<W>,
    pub(super) sidecar: &'m Sidecar<W>,
}

impl<'m, W> Place<'m, W> {
    pub(super) fn of<M: TaskMemory<Word = W>>(memory: &'m M, index: u32) -> Option<Self> {
        let (slot, sidecar) = memory.place(index)?;
        Some(Self { index, slot, sidecar })
    }
}

impl Hand {
    /// Goes on from what the worker's line shows.
    pub(super) fn from_line<W: SharedWord>(
        number: u32,
        shape: TaskShape,
        line: &WorkerLine<W>,
        slice: TaskSlice,
        end_ns: u64,
    ) -> Self {
        Self {
            number,
            shape,
            end_ns,
            passed_over_max: slice.passed_over_max,
            passed: [0; CLASS_COUNT],
            most_passed: 0,
            tallies: Tallies::from_line(line),
            out: ProducerState::starting_at(line.tail.load_relaxed()),
            running: line.in_hand.load_relaxed().checked_sub(1),
            now_ns: 0,
            next_look_ns: 0,
            is_stopped: false,
            came: line.came.load_relaxed(),
            went: line.went.load_relaxed(),
        }
    }

    /// Says that a task is ready to run from now on; before it can be claimed.
    pub(super) fn count_came<M: WorkerMemory>(&mut self, memory: &M) {
        self.came = self.came.wrapping_add(1);
        if let Some(line) = memory.worker_line(self.number) {
            line.came.store_release(self.came);
        }
    }

    /// Says that a task is no longer ready to run; after all that this has caused.
    #[inline]
    pub(super) fn count_went<W: SharedWord>(&mut self, line: &WorkerLine<W>) {
        self.went = self.went.wrapping_add(1);
        line.went.store_release(self.went);
    }

    /// Counts something.
    pub(super) fn count<M: WorkerMemory>(&mut self, memory: &M, tally: Tally) {
        if let Some(line) = memory.worker_line(self.number) {
            self.tallies.count(line, tally);
        }
    }

    /// Notes in the worker's line the task whose handler runs from now on, or that none does.
    #[inline]
    pub(super) fn set_in_hand<W: SharedWord>(&mut self, line: &WorkerLine<W>, slot: Option<u32>) {
        self.running = slot;
        line.in_hand.store_relaxed(slot.map_or(0, |slot| slot + 1));
    }

    /// Puts a task that can be claimed into the queue of its class.
    pub(super) fn queue<M: WorkerMemory>(
        &mut self,
        memory: &M,
        place: &Place<'_, M::Word>,
        class: TaskPriority,
    ) {
        place.sidecar.last.store(self.now_ns);
        queue::push(memory.class(class), self.shape.queue_places, place.index, || memory.wait());
    }

    /// Resumes a task that waits for this epoch or an earlier one, and puts it into its queue.
    /// Returns whether it was this call that did.
    pub(super) fn resume<M: WorkerMemory>(
        &mut self,
        memory: &M,
        place: &Place<'_, M::Word>,
        epoch: u32,
    ) -> bool {
        if place.slot.try_resume(epoch).is_err() {
            return false;
        }
        self.queue_resumed(memory, place);
        true
    }

    /// Puts the task that this worker has just resumed into its queue.
    pub(super) fn queue_resumed<M: WorkerMemory>(
        &mut self,
        memory: &M,
        place: &Place<'_, M::Word>,
    ) {
        // Resumed by this call, so it is in no queue and nobody else writes it.
        let class = place.slot.class().unwrap_or_default();
        self.count_came(memory);
        self.queue(memory, place, class);
        memory.bells().ring_worker();
    }

    /// Takes one from the number of tasks that `parent` waits for; the last one lets it run.
    pub(super) fn release<M: WorkerMemory>(&mut self, memory: &M, parent: &Place<'_, M::Word>) {
        if parent.sidecar.pending.fetch_add(u32::MAX) == 1 {
            // Nothing is left that would change it, and the parent waits: its own 1 is back.
            parent.sidecar.pending.store_relaxed(1);
            self.resume(memory, parent, JOIN_EPOCH);
        }
    }

    /// Tells the one that waits for this task that it has ended.
    pub(super) fn release_join<M: WorkerMemory>(
        &mut self,
        memory: &M,
        sidecar: &Sidecar<M::Word>,
        has_failed: bool,
    ) {
        let join = sidecar.join.load_relaxed().checked_sub(1);
        if let Some(parent) = join.and_then(|slot| Place::of(memory, slot)) {
            if has_failed {
                parent.sidecar.set_flags(SidecarFlags::CHILD_FAILED);
            }
            self.release(memory, &parent);
        }
    }

    /// Returns the next task to run: of the class that was passed over too often, else of the
    /// first one that has any.
    pub(super) fn take_next<M: WorkerMemory>(&mut self, memory: &M) -> Option<u32> {
        // All looks at once: none waits for another.
        let classes = TaskPriority::ALL.iter();
        let mut ready = classes.fold(0, |ready, class| {
            ready | u32::from(queue::has_some(memory.class(*class))) << class.word()
        });
        if self.most_passed >= self.passed_over_max
            && let Some(class) = self.overdue(ready)
            && let Some(index) = self.pop(memory, class, ready)
        {
            return Some(index);
        }
        while let Some(class) = TaskPriority::from_word(ready.trailing_zeros()) {
            if let Some(index) = self.pop(memory, class, ready) {
                return Some(index);
            }
            ready &= ready - 1;
        }
        None
    }

    /// Takes from a class that has work, and counts the others that have and were passed over.
    #[inline]
    fn pop<M: WorkerMemory>(&mut self, memory: &M, class: TaskPriority, ready: u32) -> Option<u32> {
        let places = self.shape.queue_places;
        let index = queue::pop_one(memory.class(class), places, || memory.wait())?;
        if let Some(passed) = self.passed.get_mut(class as usize) {
            *passed = 0;
        }
        let others = ready & !(1 << class.word());
        if others != 0 {
            self.pass_over(others);
        }
        Some(index)
    }

    /// Counts that classes, by their bits, had work and were passed over.
    #[inline(never)] // Most takes pass none over.
    fn pass_over(&mut self, classes: u32) {
        for (at, passed) in self.passed.iter_mut().enumerate() {
            if classes >> at & 1 != 0 {
                *passed = passed.saturating_add(1);
                self.most_passed = self.most_passed.max(*passed);
            }
        }
    }

    /// Returns the class that was passed over most often, and often enough, of those that have
    /// work, by their bits.
    #[inline(never)] // Seldom.
    fn overdue(&mut self, ready: u32) -> Option<TaskPriority> {
        let passed = TaskPriority::ALL.into_iter().zip(self.passed);
        self.most_passed = self.passed.into_iter().max().unwrap_or_default();
        let overdue = passed.filter(|(class, count)| {
            *count >= self.passed_over_max && ready >> class.word() & 1 != 0
        });
        overdue.max_by_key(|(_, count)| *count).map(|(class, _)| class)
    }

    /// Returns whether a class above this one has work.
    pub(super) fn is_outranked<M: WorkerMemory>(memory: &M, class: TaskPriority) -> bool {
        let mut above = TaskPriority::ALL.into_iter().take_while(|above| *above < class);
        above.any(|above| queue::has_some(memory.class(above)))
    }
}
