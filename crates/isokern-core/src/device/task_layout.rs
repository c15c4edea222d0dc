//! Where the parts of a megakernel are that a device runs for its host.

use crate::megakernel::{
    Completion, GateLine, HostNote, QUEUE_COUNT, SharedLine, SharedTaskSlot, Sidecar, Submission,
    TaskShape, WorkerLine,
};
use crate::ring::{AddressedCells, HostWord, SlotCount};

/// A ring of submissions at an address.
pub type AddressedSubmissions<A> = AddressedCells<A, { size_of::<Submission>() / 4 }>;
/// A worker's ring of completions at an address.
pub type AddressedCompletions<A> = AddressedCells<A, { size_of::<Completion>() / 4 }>;
/// A ring of freed slots at an address.
pub type AddressedFreed<A> = AddressedCells<A, 1>;

/// Places of a ring of submissions, at most.
const INBOX_PLACES_MAX: u32 = 4096;

const LINE: u64 = 128;

/// Offsets of a megakernel's parts, in memory that host and device map and in memory of the device
/// alone; all multiples of 64, those of rings and queues of 128.
///
/// ```text
/// mapped                         device
/// gate line                      line of all workers, word handed
/// two rings of submissions       lines of workers ┐
/// ring of freed slots            slots            │ copied to the mapped ones
/// a ring of completions each     sidecars         ┘ when all workers have stopped
/// notes                          six queues
/// lines of workers, slots, sidecars
/// ```
///
/// ```
/// use isokern_core::device::TaskLayout;
/// use isokern_core::megakernel::TaskShape;
///
/// let layout = TaskLayout::new(TaskShape::try_new(6, 2, 4).expect("it has slots"));
/// assert_eq!(layout.submissions(0), 128);
/// assert_eq!(layout.shown_bytes(), 4 * 128 + 8 * 64 + 8 * 64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskLayout {
    shape: TaskShape,
    inbox: SlotCount,
}

impl TaskLayout {
    /// Where the gate line is, in mapped memory.
    pub const GATE: u64 = 0;
    /// Where the line of all workers is, in device memory.
    pub const LINE: u64 = 0;
    /// Where the word is, in device memory, by which blocks hand on what they did for it.
    pub const HANDED: u64 = LINE;
    /// Where what is shown begins in device memory.
    pub const WORKERS: u64 = 2 * LINE;
    /// In a queue: the count, the next ticket to take, the next to fill, and the places.
    pub const QUEUE_PARTS: [u64; 4] = [0, LINE, 2 * LINE, 3 * LINE];

    /// Returns the layout of a shape.
    #[must_use]
    pub const fn new(shape: TaskShape) -> Self {
        let places = shape.queue_places.count();
        let inbox = if places < INBOX_PLACES_MAX { places } else { INBOX_PLACES_MAX };
        let inbox = match SlotCount::try_new(inbox) {
            Some(inbox) => inbox,
            None => shape.queue_places,
        };
        Self { shape, inbox }
    }

    /// Returns the shape.
    #[must_use]
    pub const fn shape(&self) -> TaskShape {
        self.shape
    }

    /// Returns how many places a ring of submissions has.
    #[must_use]
    pub const fn inbox(&self) -> SlotCount {
        self.inbox
    }

    /// Returns where the ring of submissions of an inlet is: that of 0, or that of any other.
    #[must_use]
    pub const fn submissions(&self, inlet: u32) -> u64 {
        let bytes = lines(AddressedSubmissions::<()>::bytes(self.inbox));
        if inlet == 0 { LINE } else { LINE + bytes }
    }

    /// Returns where the ring of freed slots is.
    #[must_use]
    pub const fn freed(&self) -> u64 {
        let inlet_bytes = self.submissions(1) - self.submissions(0);
        self.submissions(1) + inlet_bytes
    }

    /// Returns where a worker's ring of completions is.
    #[must_use]
    pub const fn completions(&self, worker: u32) -> u64 {
        let places = self.shape.queue_places;
        let first = self.freed() + lines(AddressedFreed::<()>::bytes(places));
        first + worker as u64 * lines(AddressedCompletions::<()>::bytes(places))
    }

    /// Returns where the host's note on a slot is.
    #[must_use]
    pub const fn note(&self, slot: u32) -> u64 {
        self.completions(self.shape.worker_count) + slot as u64 * NOTE
    }

    /// Returns where what is shown begins in mapped memory.
    #[must_use]
    pub const fn shown(&self) -> u64 {
        lines(self.note(self.shape.slot_count()))
    }

    /// Returns how many bytes are shown: lines of workers, slots and sidecars.
    #[must_use]
    pub const fn shown_bytes(&self) -> u64 {
        self.sidecar(self.shape.slot_count())
    }

    /// Returns where a worker's line is, from the start of what is shown.
    #[must_use]
    pub const fn worker(&self, worker: u32) -> u64 {
        worker as u64 * LINE
    }

    /// Returns where a slot is, from there.
    #[must_use]
    pub const fn slot(&self, slot: u32) -> u64 {
        self.worker(self.shape.worker_count) + slot as u64 * SLOT
    }

    /// Returns where a sidecar is, from there.
    #[must_use]
    pub const fn sidecar(&self, slot: u32) -> u64 {
        self.slot(self.shape.slot_count()) + slot as u64 * SLOT
    }

    /// Returns where a queue is in device memory: those of the classes in their order, then that
    /// of spare slots.
    #[must_use]
    pub const fn queue(&self, index: u32) -> u64 {
        let places = self.shape.queue_places.count() as u64 * 8;
        let bytes = Self::QUEUE_PARTS[3] + lines(places);
        lines(Self::WORKERS + self.shown_bytes()) + index as u64 * bytes
    }

    /// Returns the bytes of mapped memory.
    #[must_use]
    pub const fn mapped_bytes(&self) -> u64 {
        lines(self.shown() + self.shown_bytes())
    }

    /// Returns the bytes of device memory.
    #[must_use]
    pub const fn device_bytes(&self) -> u64 {
        self.queue(QUEUE_COUNT as u32)
    }
}

/// Bytes of a slot and of a sidecar, and of a note.
const SLOT: u64 = 64;
const NOTE: u64 = 16;

const fn lines(bytes: u64) -> u64 {
    bytes.next_multiple_of(LINE)
}

// Host and device read these numbers: a change is a change of protocol.
const _: () = {
    assert!(size_of::<GateLine<HostWord>>() == 128 && align_of::<GateLine<HostWord>>() == 64);
    assert!(size_of::<SharedLine<HostWord>>() == 128 && align_of::<SharedLine<HostWord>>() == 64);
    assert!(size_of::<WorkerLine<HostWord>>() == 128 && align_of::<WorkerLine<HostWord>>() == 64);
    assert!(size_of::<SharedTaskSlot<HostWord>>() as u64 == SLOT);
    assert!(size_of::<Sidecar<HostWord>>() as u64 == SLOT);
    assert!(size_of::<HostNote<HostWord>>() as u64 == NOTE);
};

#[cfg(test)]
mod tests {
    use super::TaskLayout;
    use crate::megakernel::TaskShape;

    #[test]
    fn parts_follow_one_another_and_none_overlaps() {
        let shape = TaskShape::try_new(6, 2, 3).expect("it has slots");
        let layout = TaskLayout::new(shape);
        assert_eq!(layout.inbox().count(), 8);
        // 256 bytes and eight slots of 128.
        assert_eq!((layout.submissions(0), layout.submissions(1)), (128, 128 + 1280));
        assert_eq!(layout.freed(), 2688);
        // 256 bytes and eight cells, rounded up; 256 bytes and eight slots of 32.
        assert_eq!((layout.completions(0), layout.completions(2)), (3072, 3072 + 2 * 512));
        assert_eq!((layout.note(0), layout.note(5)), (4608, 4608 + 80));
        assert_eq!((layout.shown(), layout.mapped_bytes()), (4736, 4736 + 384 + 1024));
        assert_eq!((layout.worker(2), layout.slot(0), layout.sidecar(1)), (256, 384, 384 + 576));
        // Three words a line each, and eight places.
        assert_eq!((layout.queue(0), layout.queue(1)), (256 + 1408, 1664 + 512));
        assert_eq!(layout.device_bytes(), 1664 + 6 * 512);
    }

    #[test]
    fn many_slots_have_a_bounded_inbox_and_a_place_for_each_completion() {
        let shape = TaskShape::try_new(100_000, 0, 1).expect("it has slots");
        let layout = TaskLayout::new(shape);
        assert_eq!(layout.inbox().count(), 4096);
        assert_eq!(layout.note(0) - layout.completions(0), 256 + 131_072 * 32);
    }
}
