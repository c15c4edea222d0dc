//! The running grid of a replay as a host of workers.

use core::cell::{Cell, RefCell};

use isokern_core::device::{
    BlockPhase, BlockReport, DeviceTasks, ORDER_BYTES, REPORT_BYTES, TaskOrder, TaskWork,
    resident_key,
};
use isokern_core::megakernel::{
    MegakernelLaunchRecommendation, TaskHandler, TaskHost, TaskLimits, TaskSlice,
};
use isokern_core::ring::AddressedLine;
use thiserror::Error;

use super::TaskReplay;
use super::memory::ReplayTasks;
use super::running::ReplayRunning;
use crate::replay_words::HostSide;

/// Steps of the device between two looks.
const STEPS: u32 = 64;

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
    pub(super) const fn new(
        replay: &'a TaskReplay<'a>,
        side: HostSide<'a, 'r>,
        epochs: &'a RefCell<Vec<u32>>,
    ) -> Self {
        Self { replay, side, epochs, looks: Cell::new(0) }
    }

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

    /// Begins to wait for something.
    pub(super) fn begin_looks(&self) {
        self.looks.set(0);
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

    pub(super) fn order(&self, block: u32, key: u32, order: &TaskOrder) -> u32 {
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
    pub(super) fn is_settled(&self, block: u32, epoch: u32) -> bool {
        self.report(block).is_some_and(|report| {
            let is_done = report.epoch() == epoch && report.phase() == Some(BlockPhase::Idle);
            is_done || report.is_over() || report.refusal().is_some()
        })
    }

    /// Returns whether a block takes orders.
    pub(super) fn is_there(&self, block: u32) -> bool {
        self.report(block).is_none_or(|report| !report.is_over())
    }

    pub(super) fn blank_order(&self) -> TaskOrder {
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
        self.begin_looks();
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
        ReplayRunning::start(self.clone(), memory, resident_key(H::ENTRY), slice)
    }
}
