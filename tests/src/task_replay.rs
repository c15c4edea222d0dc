//! Workers of a megakernel on the blocks of a replay: the suite of tasks runs on them seed for
//! seed, by the ends that programs have.

mod memory;
mod models;
mod stage;
mod steps;

pub use memory::ReplayTasks;
pub use models::{OnBlocks, ReplayModel};
pub use stage::ReplayStage;
pub use steps::empty_task;

use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Mutex;

use isokern_core::device::{
    BlockPhase, BlockReport, DeviceTasks, FAULT_AT, FaultRecord, ORDER_BYTES, REPORT_BYTES,
    RESIDENT_VERSION, ResidentParameters, TaskLayout, TaskOrder, TaskWork, resident_key,
};
use isokern_core::megakernel::{
    MegakernelLaunchRecommendation, RunningWorkers, TaskHandler, TaskHost, TaskLimits, TaskShape,
    TaskSlice, close,
};
use isokern_core::ring::{AddressedLine, HostControl};
use isokern_simcuda::machine::Launch;
use isokern_simcuda::replay::{Replay, Wrong};
use thiserror::Error;

use crate::device::Device;
use crate::replay_words::{HostSide, Orders};
use crate::resident::mapped;
use crate::task_suite::SPAWN_SLOTS;

/// Looks in vain after which something that is waited for counts as lost, unless a test says
/// otherwise.
const LOOKS: u32 = 40_000;
/// Steps of the device between two looks.
const STEPS: u32 = 64;
/// Steps within which the kernel has to end once it is asked to.
const STEPS_TO_END: u64 = 20_000_000;
/// Steps in which a kernel that has met a fault says so.
const STEPS_TO_FAULT: u64 = 1;
/// A lease that no test lives to see, in ns.
const LONG: u64 = 1 << 60;
/// Threads of a block: a warp in control and one of the crew.
const THREADS: u32 = 64;

/// What a grid of workers is made of.
#[derive(Debug, Clone, Copy)]
pub struct Workers {
    /// The entry point of the resident kernel.
    pub entry: &'static str,
    /// Blocks, each a worker.
    pub count: u32,
    /// Slots that the host fills.
    pub host_slots: u32,
    /// Slots for spawned tasks.
    pub spawn_slots: u32,
}

impl Workers {
    /// Returns what the [suite](crate::task_suite) wants of a grid of so many blocks.
    #[must_use]
    pub const fn of_suite(count: u32) -> Self {
        let (host_slots, spawn_slots) = (32, SPAWN_SLOTS);
        Self { entry: "isokern_test_tasks", count, host_slots, spawn_slots }
    }
}

/// A resident grid of workers with what a host shares with it.
#[derive(Debug)]
pub struct TaskReplay<'d> {
    device: &'d Device,
    workers: Workers,
    grid_line: u64,
    orders: u64,
    reports: u64,
    layout: TaskLayout,
    mapped: u64,
    on_device: u64,
    models: u64,
    threads: u32,
    dynamic_shared: u32,
    looks: u32,
}

impl<'d> TaskReplay<'d> {
    /// Returns memory for a grid, all zero; of the device's part nothing is.
    #[must_use]
    pub fn new(device: &'d Device, workers: Workers) -> Self {
        let Workers { count, host_slots, spawn_slots, .. } = workers;
        let shape = TaskShape::try_new(host_slots, spawn_slots, count).expect("there are slots");
        let layout = TaskLayout::new(shape);
        let blocks = u64::from(count);
        Self {
            grid_line: mapped(device, 128),
            orders: mapped(device, ORDER_BYTES * blocks),
            reports: mapped(device, REPORT_BYTES * blocks),
            mapped: mapped(device, layout.mapped_bytes()),
            on_device: device.upload(&vec![0xA5; layout.device_bytes() as usize]),
            device,
            workers,
            layout,
            models: 0,
            threads: THREADS,
            dynamic_shared: 0,
            looks: LOOKS,
        }
    }

    /// Returns the same for tasks that run a model, by blocks with two warps of a crew.
    #[must_use]
    pub const fn with_model(self, model: &ReplayModel<'_>) -> Self {
        let (models, dynamic_shared) = (model.address(), model.arena_bytes().next_multiple_of(16));
        Self { models, dynamic_shared, threads: THREADS + 32, ..self }
    }

    /// Returns the same with another number of looks in vain after which something that is waited
    /// for counts as lost.
    #[must_use]
    pub const fn with_looks(self, looks: u32) -> Self {
        Self { looks, ..self }
    }

    /// Launches the grid, runs a test of the host's side, and ends it.
    ///
    /// # Errors
    ///
    /// What the test panics with, a fault of the device, an end that does not come.
    pub fn run(
        &self,
        replay: &mut Replay,
        orders: Orders,
        test: impl FnOnce(&ReplayBlocks<'_, '_>),
    ) -> Result<(), Wrong> {
        self.launch(replay);
        let shared = Mutex::new(&mut *replay);
        let side = HostSide::new(&shared, orders);
        HostControl::new().renew_lease(&AddressedLine::new(side, self.grid_line), 0);
        let epochs = RefCell::new(vec![0; self.workers.count as usize]);
        let blocks = ReplayBlocks { replay: self, side, epochs: &epochs, looks: Cell::new(0) };
        let ended = catch_unwind(AssertUnwindSafe(|| test(&blocks)));
        HostControl::new().stop(&AddressedLine::new(side, self.grid_line));
        if let Err(panic) = ended {
            // The fault that kept something from coming says more.
            replay.finish(STEPS_TO_FAULT)?;
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            let text = text.unwrap_or("the test panicked");
            return Err(Wrong::at(self.mapped, format!("{text}; {}", self.fault())));
        }
        match replay.finish(STEPS_TO_END)? {
            true => Ok(()),
            false => Err(Wrong::at(self.grid_line, "the kernel does not end")),
        }
    }

    fn launch(&self, replay: &mut Replay) {
        let parameters = ResidentParameters {
            version: RESIDENT_VERSION,
            block_count: self.workers.count,
            grid_line: self.grid_line,
            orders: self.orders,
            reports: self.reports,
            lease_ns: LONG,
        };
        let launch = Launch {
            entry: self.device.entry(self.workers.entry),
            grid: [self.workers.count, 1, 1],
            block: [self.threads, 1, 1],
            dynamic_shared: self.dynamic_shared,
            parameters: bytemuck::bytes_of(&parameters).to_vec(),
            resident_max: self.workers.count,
        };
        replay.launch(&self.device.program, launch);
    }

    /// Returns what the fault records of the blocks say.
    fn fault(&self) -> String {
        let record = |block| {
            let at = self.reports + u64::from(block) * REPORT_BYTES + FAULT_AT;
            let record = self.device.download(at, size_of::<FaultRecord>());
            let record: FaultRecord = bytemuck::pod_read_unaligned(&record);
            record.fault().map(|fault| format!("block {block}: {fault}"))
        };
        let faults: Vec<String> = (0..self.workers.count).filter_map(record).collect();
        if faults.is_empty() { "no fault".into() } else { faults.join(", ") }
    }
}

/// The running grid as a host of workers.
#[derive(Debug, Clone)]
pub struct ReplayBlocks<'a, 'r> {
    replay: &'a TaskReplay<'a>,
    side: HostSide<'a, 'r>,
    /// The epoch of the last order of each block.
    epochs: &'a RefCell<Vec<u32>>,
    looks: Cell<u32>,
}

/// What the host of a replay says when it cannot.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// The grid was made for other sizes.
    #[error("the policy wants {asked} slots, and the grid has {has}")]
    Slots {
        /// Slots that the policy wants.
        asked: u32,
        /// Slots that there are.
        has: u32,
    },
    /// A block refused an order, or has ended.
    #[error("block {block} reports {report:?}")]
    Block {
        /// The block.
        block: u32,
        /// Its report.
        report: Option<BlockReport>,
    },
}

impl<'a, 'r> ReplayBlocks<'a, 'r> {
    /// Returns the host's side of the replay.
    #[must_use]
    pub const fn side(&self) -> HostSide<'a, 'r> {
        self.side
    }

    /// Returns how many tasks the grid takes at once.
    #[must_use]
    pub const fn slot_count(&self) -> u32 {
        self.replay.workers.host_slots
    }

    /// Returns how many blocks there are.
    #[must_use]
    pub const fn worker_count(&self) -> u32 {
        self.replay.workers.count
    }

    /// Lets the device run for a while.
    ///
    /// # Panics
    ///
    /// When it was called so often that what is waited for counts as lost.
    pub fn nap(&self) {
        self.looks.set(self.looks.get() + 1);
        assert!(self.looks.get() < self.replay.looks, "what is waited for does not come");
        self.side.wait(STEPS);
    }

    fn order(&self, block: u32, key: u32, order: &TaskOrder) -> u32 {
        let mut epochs = self.epochs.borrow_mut();
        let epoch = &mut epochs[block as usize];
        *epoch += 1;
        let line = self.replay.orders + u64::from(block) * ORDER_BYTES;
        order.publish(&AddressedLine::new(self.side, line), key, *epoch);
        *epoch
    }

    fn report(&self, block: u32) -> Option<BlockReport> {
        let line = self.replay.reports + u64::from(block) * REPORT_BYTES;
        BlockReport::read(&AddressedLine::new(self.side, line))
    }

    /// Returns whether a block has done what an order says, or has ended.
    fn is_settled(&self, block: u32, epoch: u32) -> bool {
        self.report(block).is_some_and(|report| {
            let is_done = report.epoch() == epoch && report.phase() == Some(BlockPhase::Idle);
            is_done || report.is_over() || report.refusal().is_some()
        })
    }

    /// Returns whether a block takes orders.
    fn is_there(&self, block: u32) -> bool {
        self.report(block).is_none_or(|report| !report.is_over())
    }

    fn blank_order(&self) -> TaskOrder {
        let TaskReplay { mapped, on_device: device, layout, models, .. } = *self.replay;
        TaskOrder { mapped, device, models, ..TaskOrder::default() }.with_shape(layout.shape())
    }
}

impl<'a, 'r, H: TaskHandler + DeviceTasks> TaskHost<H> for ReplayBlocks<'a, 'r> {
    type Memory = ReplayTasks<'a, 'r>;
    type Running = ReplayRunning<'a, 'r>;
    type Error = ReplayError;

    fn limits(&self) -> TaskLimits {
        TaskLimits {
            queue_len: self.replay.workers.host_slots,
            workgroup_size_x: 1,
            workgroups_per_dimension: self.replay.workers.count,
            invocations_per_workgroup: 1,
        }
    }

    fn lend(
        &self,
        _: &H,
        advice: &MegakernelLaunchRecommendation,
    ) -> Result<ReplayTasks<'a, 'r>, ReplayError> {
        let (asked, has) = (advice.geometry.slot_count, self.replay.workers.host_slots);
        if asked != has {
            return Err(ReplayError::Slots { asked, has });
        }
        let TaskReplay { device, mapped, layout, .. } = self.replay;
        let zeros = vec![0; layout.mapped_bytes() as usize];
        device.memory.write(*mapped, &zeros).expect("it was allocated");
        let order = TaskOrder { work: TaskWork::Begin, ..self.blank_order() };
        let epoch = self.order(0, resident_key(H::ENTRY), &order);
        self.looks.set(0);
        while !self.is_settled(0, epoch) {
            self.nap();
        }
        match self.report(0) {
            Some(report) if report.phase() == Some(BlockPhase::Idle) => {
                Ok(ReplayTasks::new(self.side, *mapped, *layout))
            }
            report => Err(ReplayError::Block { block: 0, report }),
        }
    }

    fn start(
        &self,
        _: H,
        memory: ReplayTasks<'a, 'r>,
        slice: TaskSlice,
    ) -> Result<ReplayRunning<'a, 'r>, ReplayError> {
        let key = resident_key(H::ENTRY);
        let running = RefCell::new(Vec::new());
        let mut workers = ReplayRunning { blocks: self.clone(), memory, key, running };
        workers.start_slice(slice)?;
        Ok(workers)
    }
}

/// The blocks that work for a megakernel of a replay. Dropped without an end, it closes.
#[derive(Debug)]
pub struct ReplayRunning<'a, 'r> {
    blocks: ReplayBlocks<'a, 'r>,
    memory: ReplayTasks<'a, 'r>,
    key: u32,
    /// Blocks with the epochs of their orders.
    running: RefCell<Vec<(u32, u32)>>,
}

impl ReplayRunning<'_, '_> {
    fn is_at_rest(&self) -> bool {
        let mut running = self.running.borrow_mut();
        running.retain(|(block, epoch)| !self.blocks.is_settled(*block, *epoch));
        running.is_empty()
    }

    /// Has a block copy what is shown.
    fn show(&self) {
        let order = TaskOrder { work: TaskWork::Show, ..self.blocks.blank_order() };
        let mut all = 0..self.blocks.replay.workers.count;
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
        self.blocks.looks.set(0);
        while !self.is_over() {
            self.blocks.nap();
        }
    }

    fn start_slice(&mut self, slice: TaskSlice) -> Result<(), ReplayError> {
        self.wait();
        let order =
            TaskOrder { work: TaskWork::Run, ..self.blocks.blank_order() }.with_slice(slice);
        let wanted = slice.worker_count.clamp(1, self.blocks.replay.workers.count);
        let all = 0..self.blocks.replay.workers.count;
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
