//! Workers of a megakernel on the blocks of a replay: the suite of tasks runs on them seed for
//! seed, by the ends that programs have.

mod blocks;
mod memory;
mod models;
mod running;
mod stage;
mod steps;

pub use blocks::{ReplayBlocks, ReplayError};
pub use memory::ReplayTasks;
pub use models::{OnBlocks, ReplayModel};
pub use running::ReplayRunning;
pub use stage::ReplayStage;
pub use steps::empty_task;

use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Mutex;

use isokern_core::device::{
    FAULT_AT, FaultRecord, ORDER_BYTES, REPORT_BYTES, RESIDENT_VERSION, ResidentParameters,
    TaskLayout,
};
use isokern_core::megakernel::TaskShape;
use isokern_core::ring::{AddressedLine, HostControl};
use isokern_simcuda::machine::Launch;
use isokern_simcuda::replay::{Replay, Wrong};

use crate::device::Device;
use crate::replay_words::{HostSide, Orders};
use crate::resident::mapped;
use crate::task_suite::SPAWN_SLOTS;

/// Looks in vain after which something that is waited for counts as lost, unless a test says
/// otherwise.
const LOOKS: u32 = 40_000;
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
        let blocks = ReplayBlocks::new(self, side, &epochs);
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
