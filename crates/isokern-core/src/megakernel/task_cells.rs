//! The memory of a megakernel on the host or in firmware.

use core::fmt;

use super::cell_ring::CellRing;
use super::lines::{GateLine, HostNote, SharedLine, WorkerLine};
use super::queue_cells::QueueCells;
use super::shared_slot::SharedTaskSlot;
use super::sidecar::Sidecar;
use super::state::TaskPriority;
use super::task_memory::{HostMemory, NoBells, TaskBells, TaskMemory, WorkerMemory};
use super::task_shape::TaskShape;
use super::task_store::TaskStore;
use crate::ring::SlotCount;

/// Cells of a submission, of a completion, and of the number of a free slot.
pub(super) const SUBMISSION_CELLS: usize = 16;
pub(super) const COMPLETION_CELLS: usize = 4;
pub(super) const FREED_CELLS: usize = 1;

/// Places of a ring of submissions, at most. Workers empty it into the slots, which are more.
const INBOX_PLACES_MAX: u32 = 4096;

/// Everything a megakernel keeps, in the store `S`: [`TaskArrays`](super::TaskArrays) in a
/// `static`, or a longer one.
///
/// All zero when new, so a `static` of it takes no flash. `B` is what wakes the two sides: by
/// default nothing does.
pub struct TaskCells<S: TaskStore, B = NoBells> {
    pub(super) shape: TaskShape,
    pub(super) gate: GateLine<S::Word>,
    pub(super) line: SharedLine<S::Word>,
    pub(super) slots: S::Many<SharedTaskSlot<S::Word>>,
    pub(super) sidecars: S::Many<Sidecar<S::Word>>,
    pub(super) notes: S::Many<HostNote<S::Word>>,
    pub(super) classes: [QueueCells<S>; 5],
    pub(super) spare: QueueCells<S>,
    pub(super) urgent: CellRing<S, SUBMISSION_CELLS>,
    pub(super) usual: CellRing<S, SUBMISSION_CELLS>,
    pub(super) freed: CellRing<S, FREED_CELLS>,
    pub(super) workers: S::PerWorker<WorkerCells<S>>,
    pub(super) bells: B,
}

/// The cells that one worker writes.
pub struct WorkerCells<S: TaskStore> {
    pub(super) line: WorkerLine<S::Word>,
    pub(super) completions: CellRing<S, COMPLETION_CELLS>,
}

impl<S: TaskStore, B> TaskCells<S, B> {
    /// Returns memory of cells and words made one by one, all zero. A store of fixed size must
    /// have `shape`'s size.
    pub fn from_words(
        shape: TaskShape,
        bells: B,
        mut cell: impl FnMut() -> S::Cell,
        mut word: impl FnMut() -> S::Word,
    ) -> Self {
        let (cell, word) = (&mut cell, &mut word);
        let (slots, places) = (shape.slot_count(), shape.queue_places);
        let inbox = SlotCount::try_new(places.count().min(INBOX_PLACES_MAX)).unwrap_or(places);
        Self {
            shape,
            gate: GateLine::from_words(&mut *word),
            line: SharedLine::from_words(&mut *word),
            slots: S::many(slots, || SharedTaskSlot::new(core::array::from_fn(|_| word()))),
            sidecars: S::many(slots, || Sidecar::from_words(&mut *word)),
            notes: S::many(slots, || HostNote::from_words(&mut *word)),
            classes: core::array::from_fn(|_| QueueCells::from_words(places.count(), cell, word)),
            spare: QueueCells::from_words(places.count(), cell, word),
            urgent: CellRing::from_words(inbox, cell, word),
            usual: CellRing::from_words(inbox, cell, word),
            freed: CellRing::from_words(places, cell, word),
            workers: S::per_worker(shape.worker_count, || WorkerCells {
                line: WorkerLine::from_words(&mut *word),
                completions: CellRing::from_words(places, cell, word),
            }),
            bells,
        }
    }
}

impl<S: TaskStore, B: TaskBells> TaskMemory for TaskCells<S, B> {
    type Word = S::Word;
    type HostWord = S::Word;
    type Submissions = CellRing<S, SUBMISSION_CELLS>;
    type Completions = CellRing<S, COMPLETION_CELLS>;
    type Bells = B;

    #[inline]
    fn shape(&self) -> TaskShape {
        self.shape
    }

    #[inline]
    fn slot(&self, index: u32) -> Option<&SharedTaskSlot<S::Word>> {
        self.slots.as_ref().get(index as usize)
    }

    #[inline]
    fn sidecar(&self, index: u32) -> Option<&Sidecar<S::Word>> {
        self.sidecars.as_ref().get(index as usize)
    }

    #[inline]
    fn submissions(&self, inlet: u32) -> &Self::Submissions {
        if inlet == 0 { &self.urgent } else { &self.usual }
    }

    #[inline]
    fn completions(&self, worker: u32) -> Option<&Self::Completions> {
        self.workers.as_ref().get(worker as usize).map(|cells| &cells.completions)
    }

    #[inline]
    fn gate(&self) -> &GateLine<S::Word> {
        &self.gate
    }

    #[inline]
    fn worker_line(&self, worker: u32) -> Option<&WorkerLine<S::Word>> {
        self.workers.as_ref().get(worker as usize).map(|cells| &cells.line)
    }

    #[inline]
    fn bells(&self) -> &B {
        &self.bells
    }

    #[inline]
    fn wait(&self) {
        S::wait();
    }
}

impl<S: TaskStore, B: TaskBells> WorkerMemory for TaskCells<S, B> {
    type Queue = QueueCells<S>;

    #[inline]
    fn class(&self, class: TaskPriority) -> &QueueCells<S> {
        let [critical, high, normal, low, idle] = &self.classes;
        match class {
            TaskPriority::Critical => critical,
            TaskPriority::High => high,
            TaskPriority::Normal => normal,
            TaskPriority::Low => low,
            TaskPriority::Idle => idle,
        }
    }

    #[inline]
    fn spare(&self) -> &QueueCells<S> {
        &self.spare
    }

    #[inline]
    fn line(&self) -> &SharedLine<S::Word> {
        &self.line
    }
}

impl<S: TaskStore, B: TaskBells> HostMemory for TaskCells<S, B> {
    type Freed = CellRing<S, FREED_CELLS>;

    #[inline]
    fn note(&self, index: u32) -> Option<&HostNote<S::Word>> {
        self.notes.as_ref().get(index as usize)
    }

    #[inline]
    fn freed(&self) -> &Self::Freed {
        &self.freed
    }
}

impl<S: TaskStore, B> fmt::Debug for TaskCells<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskCells").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<S: TaskStore> fmt::Debug for WorkerCells<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerCells").finish_non_exhaustive()
    }
}
