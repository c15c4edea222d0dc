//! The running of workers on the blocks of a replay, slice by slice.

use core::cell::RefCell;

use isokern_core::device::{TaskOrder, TaskWork};
use isokern_core::megakernel::{RunningWorkers, TaskSlice, close};

use super::blocks::{ReplayBlocks, ReplayError};
use super::memory::ReplayTasks;

/// The blocks that work for a megakernel of a replay. Dropped without an end, it closes.
#[derive(Debug)]
pub struct ReplayRunning<'a, 'r> {
    blocks: ReplayBlocks<'a, 'r>,
    memory: ReplayTasks<'a, 'r>,
    key: u32,
    /// Blocks with the epochs of their orders.
    running: RefCell<Vec<(u32, u32)>>,
}

impl<'a, 'r> ReplayRunning<'a, 'r> {
    /// Starts the first slice.
    pub(super) fn start(
        blocks: ReplayBlocks<'a, 'r>,
        memory: ReplayTasks<'a, 'r>,
        key: u32,
        slice: TaskSlice,
    ) -> Result<Self, ReplayError> {
        let mut workers = Self { blocks, memory, key, running: RefCell::new(Vec::new()) };
        workers.start_slice(slice)?;
        Ok(workers)
    }

    fn is_at_rest(&self) -> bool {
        let mut running = self.running.borrow_mut();
        running.retain(|(block, epoch)| !self.blocks.is_settled(*block, *epoch));
        running.is_empty()
    }

    /// Has a block copy what is shown.
    fn show(&self) {
        let order = TaskOrder { work: TaskWork::Show, ..self.blocks.blank_order() };
        let mut all = 0..self.blocks.worker_count();
        if let Some(block) = all.find(|block| self.blocks.is_there(*block)) {
            let epoch = self.blocks.order(block, self.key, &order);
            while !self.blocks.is_settled(block, epoch) {
                self.blocks.nap();
            }
        }
    }
}

impl RunningWorkers for ReplayRunning<'_, '_> {
    type Error = ReplayError;

    fn is_over(&self) -> bool {
        let is_over = self.is_at_rest();
        if is_over {
            self.show();
        }
        is_over
    }

    fn wait(&mut self) {
        self.blocks.begin_looks();
        while !self.is_over() {
            self.blocks.nap();
        }
    }

    fn start_slice(&mut self, slice: TaskSlice) -> Result<(), ReplayError> {
        self.wait();
        let order =
            TaskOrder { work: TaskWork::Run, ..self.blocks.blank_order() }.with_slice(slice);
        let wanted = slice.worker_count.clamp(1, self.blocks.worker_count());
        let all = 0..self.blocks.worker_count();
        let there = all.filter(|block| self.blocks.is_there(*block)).take(wanted as usize);
        let mut running = self.running.borrow_mut();
        for (worker, block) in (0..).zip(there) {
            running
                .push((block, self.blocks.order(block, self.key, &TaskOrder { worker, ..order })));
        }
        Ok(())
    }
}

impl Drop for ReplayRunning<'_, '_> {
    fn drop(&mut self) {
        close(&self.memory);
    }
}
