//! The memory of a megakernel in a replay, as its host reaches it.

use core::fmt;
use std::rc::Rc;

use isokern_core::device::{
    AddressedCompletions, AddressedFreed, AddressedSubmissions, TaskLayout,
};
use isokern_core::megakernel::{
    GateLine, HostMemory, HostNote, NoBells, SharedTaskSlot, Sidecar, TaskMemory, TaskShape,
    WorkerLine,
};
use isokern_core::ring::AddressSpace;

use crate::replay_words::{HostSide, ReplayWord};

/// Steps of the device between two looks.
const STEPS: u32 = 16;

/// Gate, rings and notes of a megakernel in a replay, and what its workers show.
///
/// A clone is the same memory.
#[derive(Clone)]
pub struct ReplayTasks<'a, 'r>(Rc<Parts<'a, 'r>>);

/// The parts, made once: lines, slots and sidecars are lent by reference.
struct Parts<'a, 'r> {
    side: HostSide<'a, 'r>,
    layout: TaskLayout,
    gate: GateLine<ReplayWord<'a, 'r>>,
    submissions: [AddressedSubmissions<HostSide<'a, 'r>>; 2],
    freed: AddressedFreed<HostSide<'a, 'r>>,
    completions: Vec<AddressedCompletions<HostSide<'a, 'r>>>,
    notes: Vec<HostNote<ReplayWord<'a, 'r>>>,
    workers: Vec<WorkerLine<ReplayWord<'a, 'r>>>,
    slots: Vec<SharedTaskSlot<ReplayWord<'a, 'r>>>,
    sidecars: Vec<Sidecar<ReplayWord<'a, 'r>>>,
}

impl<'a, 'r> ReplayTasks<'a, 'r> {
    /// Returns the memory at an address, which is zero.
    #[must_use]
    pub fn new(side: HostSide<'a, 'r>, address: u64, layout: TaskLayout) -> Self {
        let TaskShape { worker_count, queue_places, .. } = layout.shape();
        let slot_count = layout.shape().slot_count();
        let shown = address + layout.shown();
        let words = |start: u64| {
            let mut addresses = (start..).step_by(4);
            move || side.word(addresses.next().expect("there are many addresses"))
        };
        let submissions = |inlet| {
            let start = address + layout.submissions(inlet);
            AddressedSubmissions::new(side, start, layout.inbox())
        };
        let completions = |worker| {
            AddressedCompletions::new(side, address + layout.completions(worker), queue_places)
        };
        let slot = |index| {
            let mut word = words(shown + layout.slot(index));
            SharedTaskSlot::new(core::array::from_fn(|_| word()))
        };
        let note = |index| HostNote::from_words(words(address + layout.note(index)));
        let sidecar = |index| Sidecar::from_words(words(shown + layout.sidecar(index)));
        let worker = |index| WorkerLine::from_words(words(shown + layout.worker(index)));
        Self(Rc::new(Parts {
            side,
            layout,
            gate: GateLine::from_words(words(address + TaskLayout::GATE)),
            submissions: [submissions(0), submissions(1)],
            freed: AddressedFreed::new(side, address + layout.freed(), queue_places),
            completions: (0..worker_count).map(completions).collect(),
            notes: (0..slot_count).map(note).collect(),
            workers: (0..worker_count).map(worker).collect(),
            slots: (0..slot_count).map(slot).collect(),
            sidecars: (0..slot_count).map(sidecar).collect(),
        }))
    }
}

impl fmt::Debug for ReplayTasks<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayTasks").field("shape", &self.shape()).finish_non_exhaustive()
    }
}

impl<'a, 'r> TaskMemory for ReplayTasks<'a, 'r> {
    type Word = ReplayWord<'a, 'r>;
    type HostWord = ReplayWord<'a, 'r>;
    type Submissions = AddressedSubmissions<HostSide<'a, 'r>>;
    type Completions = AddressedCompletions<HostSide<'a, 'r>>;
    type Bells = NoBells;

    fn shape(&self) -> TaskShape {
        self.0.layout.shape()
    }

    fn slot(&self, index: u32) -> Option<&SharedTaskSlot<ReplayWord<'a, 'r>>> {
        self.0.slots.get(index as usize)
    }

    fn sidecar(&self, index: u32) -> Option<&Sidecar<ReplayWord<'a, 'r>>> {
        self.0.sidecars.get(index as usize)
    }

    fn submissions(&self, inlet: u32) -> &Self::Submissions {
        let [urgent, usual] = &self.0.submissions;
        if inlet == 0 { urgent } else { usual }
    }

    fn completions(&self, worker: u32) -> Option<&Self::Completions> {
        self.0.completions.get(worker as usize)
    }

    fn gate(&self) -> &GateLine<ReplayWord<'a, 'r>> {
        &self.0.gate
    }

    fn worker_line(&self, worker: u32) -> Option<&WorkerLine<ReplayWord<'a, 'r>>> {
        self.0.workers.get(worker as usize)
    }

    fn bells(&self) -> &NoBells {
        &NoBells
    }

    fn wait(&self) {
        self.0.side.wait(STEPS);
    }
}

impl<'a, 'r> HostMemory for ReplayTasks<'a, 'r> {
    type Freed = AddressedFreed<HostSide<'a, 'r>>;

    fn note(&self, index: u32) -> Option<&HostNote<ReplayWord<'a, 'r>>> {
        self.0.notes.get(index as usize)
    }

    fn freed(&self) -> &Self::Freed {
        &self.0.freed
    }
}
