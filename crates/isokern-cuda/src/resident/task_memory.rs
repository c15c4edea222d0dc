//! The memory of a megakernel that blocks work for, as the host sees it.
#![allow(unsafe_code)]

use core::fmt;
use std::sync::Arc;
use std::thread;

use isokern_core::device::{
    AddressedCompletions, AddressedFreed, AddressedSubmissions, TaskLayout, TaskOrder,
};
use isokern_core::megakernel::{
    GateLine, HostMemory, HostNote, NoBells, SharedTaskSlot, Sidecar, TaskMemory, TaskShape,
    WorkerLine,
};
use isokern_core::ring::HostWord;

use super::grid::Grid;
use super::memory::Words;
use super::task_space::MappedSpace;
use super::task_tables::Table;

/// A megakernel's memory, mapped: its gate, its rings, and what its workers show when all of them
/// have stopped.
///
/// A clone is the same memory. The workers are free for another megakernel when the last one is
/// gone and they have stopped.
#[derive(Clone)]
pub struct MappedTasks {
    lent: Arc<LentTasks>,
}

/// Blocks and memory that were lent for a megakernel, until nobody has a part of them.
pub(super) struct LentTasks {
    grid: Arc<Grid>,
    blocks: Vec<u32>,
    table: Option<Arc<Table>>,
    layout: TaskLayout,
    submissions: [AddressedSubmissions<MappedSpace>; 2],
    freed: AddressedFreed<MappedSpace>,
    completions: Vec<AddressedCompletions<MappedSpace>>,
}

impl Drop for LentTasks {
    fn drop(&mut self) {
        self.blocks.iter().for_each(|block| self.grid.blocks().give_back(*block));
    }
}

impl MappedTasks {
    /// Returns the zeroed memory of a megakernel on these blocks; `None` where the plan has no room
    /// for it. The blocks are given back then.
    pub(super) fn new(
        grid: Arc<Grid>,
        (blocks, table): (Vec<u32>, Option<Arc<Table>>),
        layout: TaskLayout,
    ) -> Option<Self> {
        let (mapped, at) = (grid.blocks().mapped(), grid.blocks().layout().tasks);
        // SAFETY: the grid has the memory, and the rings are kept beside it.
        let space = unsafe { MappedSpace::new(mapped, at, layout.mapped_bytes()) };
        let Some(space) = space else {
            blocks.iter().for_each(|block| grid.blocks().give_back(*block));
            return None;
        };
        mapped.clear(at, layout.mapped_bytes());
        let shape = layout.shape();
        let submissions =
            |inlet| AddressedSubmissions::new(space, layout.submissions(inlet), layout.inbox());
        let completions = |worker| {
            AddressedCompletions::new(space, layout.completions(worker), shape.queue_places)
        };
        let lent = LentTasks {
            submissions: [submissions(0), submissions(1)],
            freed: AddressedFreed::new(space, layout.freed(), shape.queue_places),
            completions: (0..shape.worker_count).map(completions).collect(),
            grid,
            blocks,
            table,
            layout,
        };
        Some(Self { lent: Arc::new(lent) })
    }

    /// Returns the grid that works for it.
    pub(super) fn grid(&self) -> &Arc<Grid> {
        &self.lent.grid
    }

    /// Returns its blocks.
    pub(super) fn blocks(&self) -> &[u32] {
        &self.lent.blocks
    }

    /// Returns an order to work for it.
    pub(super) fn order(&self) -> TaskOrder {
        let blocks = self.lent.grid.blocks();
        let mapped = blocks.mapped().address(blocks.layout().tasks);
        let models = self.lent.table.as_ref().map_or(0, |table| table.address());
        let device = self.lent.grid.tasks();
        let order = TaskOrder { mapped, device, models, ..TaskOrder::default() };
        order.with_shape(self.shape())
    }

    fn placed<T: Words>(&self, at: u64) -> Option<&T> {
        let blocks = self.lent.grid.blocks();
        blocks.mapped().placed(blocks.layout().tasks + at)
    }

    /// Returns what is at an offset of what is shown.
    fn shown<T: Words>(&self, is_one: bool, at: u64) -> Option<&T> {
        self.placed(self.lent.layout.shown() + at).filter(|_| is_one)
    }
}

impl fmt::Debug for MappedTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LentTasks { blocks, layout, .. } = &*self.lent;
        f.debug_struct("MappedTasks")
            .field("blocks", blocks)
            .field("shape", &layout.shape())
            .finish_non_exhaustive()
    }
}

impl TaskMemory for MappedTasks {
    type Word = HostWord;
    type HostWord = HostWord;
    type Submissions = AddressedSubmissions<MappedSpace>;
    type Completions = AddressedCompletions<MappedSpace>;
    type Bells = NoBells;

    fn shape(&self) -> TaskShape {
        self.lent.layout.shape()
    }

    fn slot(&self, index: u32) -> Option<&SharedTaskSlot<HostWord>> {
        self.shown(index < self.shape().slot_count(), self.lent.layout.slot(index))
    }

    fn sidecar(&self, index: u32) -> Option<&Sidecar<HostWord>> {
        self.shown(index < self.shape().slot_count(), self.lent.layout.sidecar(index))
    }

    fn submissions(&self, inlet: u32) -> &Self::Submissions {
        let [urgent, usual] = &self.lent.submissions;
        if inlet == 0 { urgent } else { usual }
    }

    fn completions(&self, worker: u32) -> Option<&Self::Completions> {
        self.lent.completions.get(worker as usize)
    }

    fn gate(&self) -> &GateLine<HostWord> {
        self.placed(TaskLayout::GATE).expect("`new` has found room for it")
    }

    fn worker_line(&self, worker: u32) -> Option<&WorkerLine<HostWord>> {
        self.shown(worker < self.shape().worker_count, self.lent.layout.worker(worker))
    }

    fn bells(&self) -> &NoBells {
        &NoBells
    }

    fn wait(&self) {
        thread::yield_now();
    }
}

impl HostMemory for MappedTasks {
    type Freed = AddressedFreed<MappedSpace>;

    fn note(&self, index: u32) -> Option<&HostNote<HostWord>> {
        let is_one = index < self.shape().slot_count();
        self.placed(self.lent.layout.note(index)).filter(|_| is_one)
    }

    fn freed(&self) -> &Self::Freed {
        &self.lent.freed
    }
}
