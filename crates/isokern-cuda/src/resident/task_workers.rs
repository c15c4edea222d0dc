//! Workers of a megakernel on blocks of a resident kernel.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use isokern_core::call::Clock;
use isokern_core::device::{DeviceTasks, TaskLayout, TaskOrder, TaskWork, resident_key};
use isokern_core::megakernel::{
    MegakernelLaunchRecommendation, RunningWorkers, TaskHost, TaskLimits, TaskMemory, TaskShape,
    TaskSlice, close,
};

use super::block::{Blocks, NAP};
use super::error::ResidentError;
use super::host::CudaHost;
use super::task_memory::MappedTasks;

/// The megakernel of a plan with [workers](super::ResidentPlan::with_workers): as many blocks as
/// the policy's grid has groups, which run the handler that the device code has under
/// [`DeviceTasks::ENTRY`]. The one that the program brings is dropped.
///
/// Budget, deadlines and the moments of sidecars are of the device's timer. There is no driver
/// call.
impl<H: DeviceTasks, C: Clock + Clone + 'static> TaskHost<H> for CudaHost<C> {
    type Memory = MappedTasks;
    type Running = CudaWorkers;
    type Error = ResidentError;

    fn limits(&self) -> TaskLimits {
        let plan = self.grid().plan();
        TaskLimits {
            queue_len: plan.task_slots,
            workgroup_size_x: 1,
            workgroups_per_dimension: plan.workers.max(1),
            invocations_per_workgroup: 1,
        }
    }

    fn lend(
        &self,
        handler: &H,
        advice: &MegakernelLaunchRecommendation,
    ) -> Result<MappedTasks, ResidentError> {
        let table = match handler.models() {
            Some(models) if models.host != self.grid().number() => {
                return Err(ResidentError::OtherHost);
            }
            Some(models) => {
                Some(self.grid().tables().get(models.number).ok_or(ResidentError::OtherHost)?)
            }
            None => None,
        };
        let (grid, plan) = (self.grid(), self.grid().plan());
        let room = plan.task_layout().ok_or(ResidentError::Plan { reason: "it has no workers" })?;
        let shape = TaskShape::try_new(advice.geometry.slot_count, plan.spawn_slots, plan.workers);
        let layout = shape.map_or(room, TaskLayout::new);
        let (asked, free) = (layout.mapped_bytes(), room.mapped_bytes());
        let full = ResidentError::ReserveFull { what: "tasks", asked, free };
        if asked > free {
            return Err(full);
        }
        let blocks = grid.blocks().lend_workers(plan.workers)?;
        let copying = table.as_ref().map(|table| {
            let (models, copying) = grid.models().place_for_tasks(grid, table.models());
            table.write(models.into_iter());
            copying
        });
        let memory = MappedTasks::new(Arc::clone(grid), (blocks, table), layout).ok_or(full)?;
        let order = TaskOrder { work: TaskWork::Begin, ..memory.order() };
        let ordered = grid.blocks().order_work(memory.blocks(), resident_key(H::ENTRY), &order);
        let (block, epoch) = ordered.ok_or(ResidentError::Ended)?;
        self.await_order(block, epoch, H::ENTRY)?;
        if let Some(copying) = copying {
            copying.done();
        }
        Ok(memory)
    }

    fn start(
        &self,
        handler: H,
        memory: MappedTasks,
        slice: TaskSlice,
    ) -> Result<CudaWorkers, ResidentError> {
        drop(handler);
        if !Arc::ptr_eq(memory.grid(), self.grid()) {
            return Err(ResidentError::OtherHost);
        }
        let state = Mutex::new(State { running: Vec::new(), shown: Shown::Yes });
        let mut workers = CudaWorkers { memory, key: resident_key(H::ENTRY), state };
        workers.start_slice(slice)?;
        Ok(workers)
    }
}

/// The blocks that work for a megakernel.
///
/// Dropped without an end, it closes: workers run what was accepted, and stop.
#[derive(Debug)]
pub struct CudaWorkers {
    memory: MappedTasks,
    key: u32,
    state: Mutex<State>,
}

/// How far a slice is.
#[derive(Debug)]
struct State {
    /// Blocks that run a worker, with the epochs of their orders.
    running: Vec<(u32, u32)>,
    shown: Shown,
}

/// Whether slots and lines are where the host reads them.
#[derive(Debug, Clone, Copy)]
enum Shown {
    No,
    /// A block is copying them, by the order of this epoch.
    Soon(u32, u32),
    /// They are, or no block is left that could.
    Yes,
}

impl CudaWorkers {
    /// Returns how many workers the slice was started with that have not stopped.
    #[must_use]
    pub fn running_count(&self) -> usize {
        let mut state = self.state();
        self.settle(&mut state);
        state.running.len()
    }

    /// Returns the memory, of which sidecars tell when tasks were taken in and claimed, once the
    /// workers have stopped.
    #[must_use]
    pub const fn memory(&self) -> &MappedTasks {
        &self.memory
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blocks(&self) -> &Blocks {
        self.memory.grid().blocks()
    }

    /// Forgets workers that have stopped.
    fn settle(&self, state: &mut State) {
        state.running.retain(|(block, epoch)| !self.blocks().is_settled(*block, *epoch));
    }

    /// Orders one of the blocks to do something.
    fn order(&self, order: &TaskOrder) -> Option<(u32, u32)> {
        self.blocks().order_work(self.memory.blocks(), self.key, order)
    }
}

impl RunningWorkers for CudaWorkers {
    type Error = ResidentError;

    /// Once all of them have stopped, one block shows what they left, which takes another look or
    /// more.
    fn is_over(&self) -> bool {
        let mut state = self.state();
        self.settle(&mut state);
        if !state.running.is_empty() {
            return false;
        }
        state.shown = match state.shown {
            Shown::No => {
                let order = TaskOrder { work: TaskWork::Show, ..self.memory.order() };
                self.order(&order).map_or(Shown::Yes, |(block, epoch)| Shown::Soon(block, epoch))
            }
            Shown::Soon(block, epoch) if self.blocks().is_settled(block, epoch) => Shown::Yes,
            shown @ (Shown::Soon(..) | Shown::Yes) => shown,
        };
        matches!(state.shown, Shown::Yes)
    }

    fn wait(&mut self) {
        while !self.is_over() {
            thread::sleep(NAP);
        }
    }

    fn start_slice(&mut self, slice: TaskSlice) -> Result<(), ResidentError> {
        self.wait();
        let order = TaskOrder { work: TaskWork::Run, ..self.memory.order() }.with_slice(slice);
        let mut state = self.state();
        for worker in 0..slice.worker_count.clamp(1, self.memory.shape().worker_count) {
            // Blocks that met a fault are passed over; the others do their work.
            let Some(ordered) = self.order(&TaskOrder { worker, ..order }) else { break };
            state.running.push(ordered);
            state.shown = Shown::No;
        }
        if state.running.is_empty() { Err(ResidentError::Ended) } else { Ok(()) }
    }
}

impl Drop for CudaWorkers {
    fn drop(&mut self) {
        close(&self.memory);
    }
}
