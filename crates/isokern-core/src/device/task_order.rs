//! Orders of megakernel workers, in the line of a block's order.

use core::time::Duration;

use crate::kernel::whole_ns;
use crate::megakernel::{TaskShape, TaskSlice};
use crate::numbered;
use crate::ring::{CellValue, ControlLine, SharedCell};

numbered! {
    /// What a block does for a megakernel. The numbers are stable.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum TaskWork: u32, code, from_code {
        /// Clears the device's memory and prepares it; no worker runs meanwhile.
        Begin = 1,
        /// Runs a worker for one slice.
        Run = 2,
        /// Copies lines of workers, slots and sidecars to where the host reads them; no worker
        /// runs meanwhile.
        Show = 3,
    }
}

/// The order to work for a megakernel: its key is that of the tasks' handler
/// ([`DeviceTasks`](super::DeviceTasks)).
///
/// Addresses are the device's, multiples of 128; what is there says
/// [`TaskLayout`](super::TaskLayout).
///
/// ```
/// use isokern_core::device::{TaskOrder, TaskWork};
/// use isokern_core::ring::HostLine;
///
/// let line = HostLine::new();
/// let order = TaskOrder { work: TaskWork::Run, mapped: 128, ..TaskOrder::default() };
/// order.publish(&line, 7, 1);
/// assert_eq!(TaskOrder::read(&line), Some(order));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskOrder {
    /// What is to be done.
    pub work: TaskWork,
    /// The megakernel's mapped memory.
    pub mapped: u64,
    /// Its memory on the device.
    pub device: u64,
    /// Slots that the host fills.
    pub host_slots: u32,
    /// Slots for spawned tasks.
    pub spawn_slots: u32,
    /// Workers there is memory for.
    pub worker_count: u32,
    /// The number of the worker.
    pub worker: u32,
    /// How often a worker passes a class over that has work.
    pub passed_over_max: u32,
    /// How long the slice is, in ns of the device's timer.
    pub wall_ns: u64,
    /// The [`TaskModels`](super::TaskModels) of tasks that run models, mapped; 0 for others.
    pub models: u64,
}

impl Default for TaskOrder {
    fn default() -> Self {
        Self {
            work: TaskWork::Begin,
            mapped: 0,
            device: 0,
            host_slots: 0,
            spawn_slots: 0,
            worker_count: 0,
            worker: 0,
            passed_over_max: TaskSlice::PASSED_OVER_MAX,
            wall_ns: 0,
            models: 0,
        }
    }
}

impl TaskOrder {
    /// Returns the order for a megakernel of this shape.
    #[must_use]
    pub const fn with_shape(self, shape: TaskShape) -> Self {
        let TaskShape { host_slots, spawn_slots, worker_count, .. } = shape;
        Self { host_slots, spawn_slots, worker_count, ..self }
    }

    /// Returns the order with the length of a slice and its limit of passes.
    #[must_use]
    pub fn with_slice(self, slice: TaskSlice) -> Self {
        let wall_ns = whole_ns(slice.wall_time);
        Self { passed_over_max: slice.passed_over_max, wall_ns, ..self }
    }

    /// Returns the shape; `None` for one that no megakernel has, or without a place for the worker.
    #[must_use]
    pub const fn shape(&self) -> Option<TaskShape> {
        match self.worker < self.worker_count {
            true => TaskShape::try_new(self.host_slots, self.spawn_slots, self.worker_count),
            false => None,
        }
    }

    /// Returns the slice.
    #[must_use]
    pub const fn slice(&self) -> TaskSlice {
        TaskSlice {
            worker_count: self.worker_count,
            wall_time: Duration::from_nanos(self.wall_ns),
            passed_over_max: self.passed_over_max,
        }
    }

    /// Writes the order, and then the key of its handler with its epoch, which is not 0. The block
    /// must be idle.
    pub fn publish<L: ControlLine>(&self, line: &L, key: u32, epoch: u32) {
        for (index, value) in (1..).zip(self.cells()) {
            line.cell(index).publish(value as u32, (value >> 32) as u32);
        }
        line.cell(0).publish_release(key, epoch);
    }

    /// Reads the order that a block has taken; `None` for work of another version.
    pub fn read<L: ControlLine>(line: &L) -> Option<Self> {
        let cell = |index| {
            let CellValue { data, turn } = line.cell(index).poll();
            (data, turn)
        };
        let wide = |index| {
            let (low, high) = cell(index);
            u64::from(high) << 32 | u64::from(low)
        };
        let ((host_slots, spawn_slots), (worker_count, work)) = (cell(3), cell(4));
        let (worker, passed_over_max) = cell(5);
        Some(Self {
            work: TaskWork::from_code(work)?,
            mapped: wide(1),
            device: wide(2),
            host_slots,
            spawn_slots,
            worker_count,
            worker,
            passed_over_max,
            wall_ns: wide(6),
            models: wide(7),
        })
    }

    fn cells(&self) -> [u64; 7] {
        let joined = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        [
            self.mapped,
            self.device,
            joined(self.host_slots, self.spawn_slots),
            joined(self.worker_count, self.work.code()),
            joined(self.worker, self.passed_over_max),
            self.wall_ns,
            self.models,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{TaskOrder, TaskWork};
    use crate::ring::{ControlLine, HostLine, SharedCell};

    #[test]
    fn every_field_comes_back_and_other_work_is_none() {
        let line = HostLine::new();
        assert_eq!(TaskOrder::read(&line), None);
        let order = TaskOrder {
            work: TaskWork::Show,
            mapped: 1 << 40 | 2,
            device: 3 << 40 | 4,
            host_slots: 5,
            spawn_slots: 6,
            worker_count: 7,
            worker: 6,
            passed_over_max: 9,
            wall_ns: 10 << 32 | 11,
            models: 14 << 40 | 15,
        };
        order.publish(&line, 12, 13);
        assert_eq!(TaskOrder::read(&line), Some(order));
        let (shape, slice) = (order.shape().expect("it is one"), order.slice());
        assert_eq!(order.with_shape(shape).with_slice(slice), order);
        line.cell(4).publish(7, 99);
        assert_eq!(TaskOrder::read(&line), None);
    }
}
