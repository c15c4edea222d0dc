//! The memory of a megakernel as a worker's block reaches it.
#![allow(unsafe_code)]

use core::hint::assert_unchecked;
use core::{array, ptr};

use isokern_core::device::{AddressedCompletions, AddressedSubmissions, TaskLayout, TaskOrder};
use isokern_core::megakernel::{
    GateLine, NoBells, QUEUE_COUNT, QueueMemory, SharedLine, SharedTaskSlot, Sidecar, TaskMemory,
    TaskPlace, TaskPriority, TaskShape, WorkerLine, WorkerMemory, abandon,
};
use isokern_core::ring::{CellValue, SharedCell, SharedCounter};

use super::warp::{acquire, warp_barrier};
use crate::registers;
use crate::team::CONTROL_THREADS;
use crate::words::{GpuCell, GpuWord, PlacedGpuWord, PlacedSystemWord, SystemCell, SystemMemory};

/// How long a step sleeps while it waits for another worker, in ns.
const WAIT_NS: u32 = 32;
/// Bytes that the lanes in control clear or copy together.
const STRIDE: u64 = CONTROL_THREADS as u64 * CELL;
const CELL: u64 = 8;

/// A megakernel's memory: slots, sidecars, queues and lines of workers on the device, rings and the
/// gate mapped.
pub(super) struct BlockTasks {
    layout: TaskLayout,
    mapped: u64,
    device: u64,
    worker: u32,
    slot_count: u32,
    own_line: u64,
    slots: u64,
    sidecars: u64,
    queues: [BlockQueue; QUEUE_COUNT],
    submissions: [AddressedSubmissions<SystemMemory>; 2],
    completions: AddressedCompletions<SystemMemory>,
}

/// A queue in device memory.
pub(super) struct BlockQueue {
    count: GpuWord,
    head: GpuWord,
    tail: GpuWord,
    places: u64,
}

impl BlockTasks {
    /// Returns the memory of an order whose shape this is.
    ///
    /// # Safety
    ///
    /// At the order's addresses is mapped and device memory with the layout of this shape; the
    /// host's part of it was zero, and the device's is made so by [`clear`](Self::clear).
    #[inline(never)] // Addresses of parts are not kept around it.
    pub(super) unsafe fn new(order: &TaskOrder, shape: TaskShape) -> Self {
        let layout = TaskLayout::new(shape);
        let (mapped, device) = (order.mapped, order.device);
        // SAFETY: by this function's contract, for what the rings ask for.
        let space = unsafe { SystemMemory::new() };
        let queue = |index: usize| {
            let start = device + layout.queue(index as u32);
            // SAFETY: three words of a queue in device memory, by this function's contract.
            let [count, head, tail] = array::from_fn(|part| unsafe {
                GpuWord::at(start + TaskLayout::QUEUE_PARTS[part])
            });
            BlockQueue { count, head, tail, places: start + TaskLayout::QUEUE_PARTS[3] }
        };
        let submissions = |inlet: usize| {
            let start = mapped + layout.submissions(inlet as u32);
            AddressedSubmissions::new(space, start, layout.inbox())
        };
        let completions = mapped + layout.completions(order.worker);
        let shown = device + TaskLayout::WORKERS;
        Self {
            layout,
            mapped,
            device,
            worker: order.worker,
            slot_count: shape.slot_count(),
            own_line: shown + layout.worker(order.worker),
            slots: shown + layout.slot(0),
            sidecars: shown + layout.sidecar(0),
            queues: array::from_fn(queue),
            submissions: array::from_fn(submissions),
            completions: AddressedCompletions::new(space, completions, shape.queue_places),
        }
    }

    /// Returns where the gate line is, 128 bytes of mapped memory.
    pub(super) const fn gate_address(&self) -> u64 {
        self.mapped + TaskLayout::GATE
    }

    /// Sees what blocks before did for this megakernel; the lanes in control call it.
    ///
    /// The host's order follows their reports, and so does all they did. The word makes the chain
    /// one of the device, too, which needs nothing of the host's accesses.
    #[inline(never)]
    pub(super) fn take_over(&self, lane: u32) {
        if lane == 0 {
            self.handed().fetch_add(0);
        }
        warp_barrier();
    }

    /// Lets blocks after see what this one did; as above.
    #[inline(never)]
    pub(super) fn hand_on(&self, lane: u32) {
        warp_barrier();
        if lane == 0 {
            self.handed().fetch_add(1);
        }
    }

    fn handed(&self) -> GpuWord {
        // SAFETY: a word of the device's memory, by the contract of `new`.
        unsafe { GpuWord::at(self.device + TaskLayout::HANDED) }
    }

    /// Ends the task that the leader had in hand when a thread of the block met a fault, for a lane
    /// that goes on.
    ///
    /// All that a worker counts is in device memory, so this goes on from there.
    #[inline(never)] // Its frame and registers are not those of work.
    pub(super) fn abandon(&self) {
        abandon(&self, self.worker, registers::nanoseconds());
        self.handed().fetch_add(1);
    }

    /// Makes the device's memory zero; the lanes in control call it, and see all of it so.
    #[inline(never)]
    pub(super) fn clear(&self, lane: u32) {
        for at in cells_of(lane, self.layout.device_bytes()) {
            // SAFETY: a cell of the device's memory, by the contract of `new`.
            unsafe { GpuCell::at(self.device + at) }.publish(0, 0);
        }
        acquire();
        warp_barrier();
    }

    /// Copies lines of workers, slots and sidecars to where the host reads them; the lanes in
    /// control call it. What the leader releases afterwards, it releases for all of them.
    #[inline(never)]
    pub(super) fn show(&self, lane: u32) {
        let (from, to) = (self.device + TaskLayout::WORKERS, self.mapped + self.layout.shown());
        for at in cells_of(lane, self.layout.shown_bytes()) {
            // SAFETY: a cell of the device's memory, by the contract of `new`.
            let CellValue { data, turn } = unsafe { GpuCell::at(from + at) }.poll();
            // SAFETY: the same of mapped memory.
            unsafe { SystemCell::at(to + at) }.publish(data, turn);
        }
        acquire();
        warp_barrier();
    }

    /// Returns a slot or sidecar.
    ///
    /// # Safety
    ///
    /// `address` is that of one in the device's memory.
    #[inline(always)]
    unsafe fn shown<T>(&self, address: u64) -> &T {
        let start = ptr::with_exposed_provenance::<T>(address as usize);
        // SAFETY: no part of an allocation is at 0.
        unsafe { assert_unchecked(!start.is_null()) };
        // SAFETY: by this function's contract, words that may have any value and are used as such
        // by all blocks, by the contract of `new`.
        unsafe { &*start }
    }
}

/// Returns the cells of so many bytes that are a lane's.
fn cells_of(lane: u32, bytes: u64) -> impl Iterator<Item = u64> {
    (u64::from(lane) * CELL..bytes).step_by(STRIDE as usize)
}

impl QueueMemory for BlockQueue {
    type Counter = GpuWord;

    #[inline]
    fn count(&self) -> &GpuWord {
        &self.count
    }

    #[inline]
    fn head(&self) -> &GpuWord {
        &self.head
    }

    #[inline]
    fn tail(&self) -> &GpuWord {
        &self.tail
    }

    #[inline]
    fn cell(&self, place: u32) -> impl SharedCell {
        // SAFETY: a place of the queue, which the protocol keeps below their number.
        unsafe { GpuCell::at(self.places + u64::from(place) * CELL) }
    }
}

impl TaskMemory for BlockTasks {
    type Word = PlacedGpuWord;
    type HostWord = PlacedSystemWord;
    type Submissions = AddressedSubmissions<SystemMemory>;
    type Completions = AddressedCompletions<SystemMemory>;
    type Bells = NoBells;

    #[inline]
    fn shape(&self) -> TaskShape {
        self.layout.shape()
    }

    #[inline]
    fn slot(&self, index: u32) -> Option<&SharedTaskSlot<PlacedGpuWord>> {
        self.place(index).map(|(slot, _)| slot)
    }

    #[inline]
    fn sidecar(&self, index: u32) -> Option<&Sidecar<PlacedGpuWord>> {
        self.place(index).map(|(_, sidecar)| sidecar)
    }

    #[inline]
    fn place(&self, index: u32) -> Option<TaskPlace<'_, PlacedGpuWord>> {
        if index >= self.slot_count {
            return None;
        }
        let offset = u64::from(index) * size_of::<Sidecar<PlacedGpuWord>>() as u64;
        // SAFETY: a slot of so many; it has as many bytes as a sidecar.
        let slot = unsafe { self.shown(self.slots + offset) };
        // SAFETY: the sidecar of that slot.
        Some((slot, unsafe { self.shown(self.sidecars + offset) }))
    }

    #[inline]
    fn submissions(&self, inlet: u32) -> &Self::Submissions {
        let [urgent, usual] = &self.submissions;
        if inlet == 0 { urgent } else { usual }
    }

    /// A worker reaches its own ring.
    #[inline]
    fn completions(&self, worker: u32) -> Option<&Self::Completions> {
        (worker == self.worker).then_some(&self.completions)
    }

    #[inline]
    fn gate(&self) -> &GateLine<PlacedSystemWord> {
        let start = ptr::with_exposed_provenance::<GateLine<_>>(self.gate_address() as usize);
        // SAFETY: the gate line in mapped memory, words that may have any value and are used as
        // such by both sides, by the contract of `new`.
        unsafe { &*start }
    }

    #[inline]
    fn worker_line(&self, worker: u32) -> Option<&WorkerLine<PlacedGpuWord>> {
        if worker == self.worker {
            // SAFETY: the line of a worker that the shape has a place for, as that of its order.
            return Some(unsafe { self.shown(self.own_line) });
        }
        if worker >= self.shape().worker_count {
            return None;
        }
        let line = self.device + TaskLayout::WORKERS + self.layout.worker(worker);
        // SAFETY: the line of one of so many workers.
        Some(unsafe { self.shown(line) })
    }

    #[inline]
    fn bells(&self) -> &NoBells {
        &NoBells
    }

    #[inline]
    fn wait(&self) {
        registers::sleep(WAIT_NS);
    }
}

impl WorkerMemory for BlockTasks {
    type Queue = BlockQueue;

    /// A look is a round trip to the host's memory, of about a microsecond.
    const LOOK_NS: u64 = 4096;

    #[inline]
    fn class(&self, class: TaskPriority) -> &BlockQueue {
        let [classes @ .., spare] = &self.queues;
        classes.get(class as usize).unwrap_or(spare)
    }

    #[inline]
    fn spare(&self) -> &BlockQueue {
        let [.., spare] = &self.queues;
        spare
    }

    #[inline]
    fn line(&self) -> &SharedLine<PlacedGpuWord> {
        let start = self.device + TaskLayout::LINE;
        let start = ptr::with_exposed_provenance::<SharedLine<_>>(start as usize);
        // SAFETY: the line of all workers in device memory, as for those above.
        unsafe { &*start }
    }
}
