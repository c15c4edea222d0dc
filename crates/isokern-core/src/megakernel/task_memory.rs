//! The memory that workers and a host share, wherever it is.

use core::task::Waker;

use super::handle::INLET_COUNT;
use super::lines::{GateLine, HostNote, SharedLine, WorkerLine};
use super::shared_slot::SharedTaskSlot;
use super::sidecar::Sidecar;
use super::state::TaskPriority;
use super::task_shape::TaskShape;
use crate::ring::{SharedCell, SharedCounter, SharedRing, SharedRmw, SharedWord};

/// One queue: three words and its places.
///
/// The protocol keeps `place` below the shape's
/// [`queue_places`](TaskShape::queue_places).
pub trait QueueMemory {
    /// What counts and is counted with.
    type Counter: SharedCounter;

    /// Returns how many numbers are in the queue; may be negative for a moment.
    fn count(&self) -> &Self::Counter;

    /// Returns the next ticket to take.
    fn head(&self) -> &Self::Counter;

    /// Returns the next ticket to fill.
    fn tail(&self) -> &Self::Counter;

    /// Returns one place.
    fn cell(&self, place: u32) -> impl SharedCell;
}

/// What workers and host of a megakernel both reach: slots, sidecars, rings and lines.
///
/// One generic source runs over it on threads, in a loop of firmware, under a model checker and
/// on a device. All of it begins as zero. An index that is too large is `None`, never a panic.
///
/// Where the two sides have memory of their own, as a GPU and its host, each side's value is of
/// another type. The host's then shows slots, sidecars and lines of workers as they were when all
/// workers had stopped.
pub trait TaskMemory {
    /// Words that workers write.
    type Word: SharedWord;
    /// Words that the host's ends write.
    type HostWord: SharedWord;
    /// A ring of [`Submission`](super::Submission)s.
    type Submissions: SharedRing;
    /// A ring of [`Completion`](super::Completion)s; it has a place for each of the host's slots,
    /// so it is never full.
    type Completions: SharedRing;
    /// What wakes the two sides.
    type Bells: TaskBells;

    /// Returns how large it is; always the same.
    fn shape(&self) -> TaskShape;

    /// Returns a slot.
    fn slot(&self, index: u32) -> Option<&SharedTaskSlot<Self::Word>>;

    /// Returns what workers keep beside a slot.
    fn sidecar(&self, index: u32) -> Option<&Sidecar<Self::Word>>;

    /// Returns a slot and what is beside it.
    #[inline]
    fn place(&self, index: u32) -> Option<TaskPlace<'_, Self::Word>> {
        self.slot(index).zip(self.sidecar(index))
    }

    /// Returns the ring of submissions of an inlet: 0 for Critical and High, any other for the
    /// rest.
    fn submissions(&self, inlet: u32) -> &Self::Submissions;

    /// Returns a worker's ring of completions.
    fn completions(&self, worker: u32) -> Option<&Self::Completions>;

    /// Returns the words of the host's ends.
    fn gate(&self) -> &GateLine<Self::HostWord>;

    /// Returns the words of one worker.
    fn worker_line(&self, worker: u32) -> Option<&WorkerLine<Self::Word>>;

    /// Returns the bells.
    fn bells(&self) -> &Self::Bells;

    /// Lets others run while a step waits for another worker, which is at work.
    #[inline]
    fn wait(&self) {
        core::hint::spin_loop();
    }
}

/// A slot and what workers keep beside it.
pub type TaskPlace<'m, W> = (&'m SharedTaskSlot<W>, &'m Sidecar<W>);

/// What only workers reach: queues, and the words that they share.
///
/// Their words are claimed and counted with, on one side.
pub trait WorkerMemory: TaskMemory<Word: SharedRmw + SharedCounter> {
    /// A queue.
    type Queue: QueueMemory;

    /// How long what a worker has seen of the host's words counts, in ns, while it has tasks: so
    /// long it neither looks for submissions nor whether the host has asked it to stop.
    ///
    /// 0, the default, is a look at each claim and each safe point. Where a look takes longer than
    /// a small task, as across a bus, it is worth more.
    const LOOK_NS: u64 = 0;

    /// Returns the queue of a class.
    fn class(&self, class: TaskPriority) -> &Self::Queue;

    /// Returns the queue of free slots for spawned tasks.
    fn spare(&self) -> &Self::Queue;

    /// Returns the words of all workers together.
    fn line(&self) -> &SharedLine<Self::Word>;
}

/// What only the host's ends reach: their notes, and the slots they may fill again.
///
/// The gate is claimed by several ends, all on the host's side.
pub trait HostMemory: TaskMemory<HostWord: SharedRmw> {
    /// The ring of slots that the host may fill again, with a place for each.
    type Freed: SharedRing;

    /// Returns what the host keeps of a slot.
    fn note(&self, index: u32) -> Option<&HostNote<Self::HostWord>>;

    /// Returns the ring of slots that are free again.
    fn freed(&self) -> &Self::Freed;
}

/// The inlets, in the order in which they are taken in.
pub const INLETS: [u32; INLET_COUNT] = [0, 1];

/// Bells with which workers and host wake each other.
///
/// Register, *then* look; on the other side publish, *then* ring.
pub trait TaskBells {
    /// Wakes a worker that sleeps, if there is one; after something was put into a queue or a
    /// ring.
    fn ring_worker(&self);

    /// Wakes every worker that sleeps; after the end was announced.
    fn ring_workers(&self);

    /// Keeps a worker's waker until the next ring.
    fn register_worker(&self, worker: u32, waker: &Waker);

    /// Wakes whoever waits for a completion.
    fn ring_host(&self);

    /// Keeps the waker of the one that waits for a completion until the next ring.
    fn register_host(&self, waker: &Waker);
}

/// Bells that wake nobody: both sides look again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoBells;

impl TaskBells for NoBells {
    fn ring_worker(&self) {}

    fn ring_workers(&self) {}

    fn register_worker(&self, _: u32, waker: &Waker) {
        waker.wake_by_ref();
    }

    fn ring_host(&self) {}

    fn register_host(&self, waker: &Waker) {
        waker.wake_by_ref();
    }
}
