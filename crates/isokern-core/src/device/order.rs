//! Orders, what a block is to run: one line, written by the host.

use core::time::Duration;

use crate::actor::{ActorPlan, Supervision};
use crate::kernel::whole_ns;
use crate::ring::{CellValue, ControlLine, SharedCell};

/// The numbers of an actor's mailboxes, which host and device compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActorShape {
    /// Slots of a ring.
    pub slots: u32,
    /// Lines of a slot.
    pub lines: u16,
    /// Mailboxes of the actor.
    pub mailboxes: u16,
}

/// The order to run one actor.
///
/// Addresses are the device's. 0 is none.
///
/// ```
/// use isokern_core::device::BlockOrder;
/// use isokern_core::ring::HostLine;
///
/// let line = HostLine::new();
/// assert_eq!(BlockOrder::read(&line), None, "nothing was ordered yet");
/// let order = BlockOrder { key: 7, memory: 0x1000, ..BlockOrder::default() };
/// order.publish(&line, 1);
/// assert_eq!(BlockOrder::read(&line), Some((1, order)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlockOrder {
    /// What is run: [`resident_key`](super::resident_key) of its entry name.
    pub key: u32,
    /// The actor's memory ([`AddressedActor`](crate::actor::AddressedActor)), mapped and all zero.
    pub memory: u64,
    /// The bytes that the actor's state begins with, mapped.
    pub first_state: u64,
    /// How many they are.
    pub state_bytes: u32,
    /// How often a mailbox may be passed over.
    pub passed_over_max: u32,
    /// The numbers of its mailboxes.
    pub shape: ActorShape,
    /// Restarts in a window; `None` for an actor that does not start again.
    pub restart_max: Option<u32>,
    /// The window of restarts, in ns.
    pub window_ns: u64,
    /// The wait before the first restart of a window, in ns.
    pub backoff_ns: u64,
    /// The actor's own lease, in ns; `None` without one.
    pub lease_ns: Option<u64>,
    /// The model in device memory, a multiple of 16.
    pub model: u64,
    /// Bytes of the model.
    pub model_bytes: u64,
    /// The model in mapped memory, to be copied to `model` first; 0 when that was done.
    pub staging: u64,
    /// The arena in device memory; 0 when it is in the block's shared memory.
    pub arena: u64,
    /// The model's state in device memory; 0 for a model without.
    pub model_state: u64,
    /// The pool of buffers that messages lend ([`PoolLayout`](crate::ring::PoolLayout)), mapped; 0
    /// for actors that are lent none.
    pub pool: u64,
    /// How many buffers it has, and the bytes of each.
    pub pool_buffers: (u32, u32),
    /// The number that handles of its buffers have.
    pub pool_number: u32,
}

/// `None` in a word or a number of ns.
const NONE_32: u32 = u32::MAX;
const NONE_64: u64 = u64::MAX;

/// Cells of an order after the first.
const CELLS: usize = 15;

impl BlockOrder {
    /// Returns the order with the settings of a plan, beside its links and buffers.
    #[must_use]
    pub fn with_plan<L, B>(self, plan: &ActorPlan<L, B>) -> Self {
        let (restart_max, window_ns, backoff_ns) = match plan.supervision {
            Supervision::Never => (None, 0, 0),
            Supervision::Restart { count_max, window, backoff } => {
                (Some(count_max), whole_ns(window), whole_ns(backoff))
            }
        };
        let lease_ns = plan.lease.map(whole_ns);
        let passed_over_max = plan.passed_over_max;
        Self { restart_max, window_ns, backoff_ns, lease_ns, passed_over_max, ..self }
    }

    /// Returns the settings as a plan without links and buffers.
    #[must_use]
    pub fn plan(&self) -> ActorPlan {
        let mut plan = ActorPlan::new();
        if let Some(count_max) = self.restart_max {
            let (window, backoff) = (self.window_ns, self.backoff_ns);
            let (window, backoff) = (Duration::from_nanos(window), Duration::from_nanos(backoff));
            plan.supervision = Supervision::Restart { count_max, window, backoff };
        }
        plan.lease = self.lease_ns.map(Duration::from_nanos);
        plan.passed_over_max = self.passed_over_max;
        plan
    }

    /// Writes the order, and then its epoch, which is not 0. The block must be idle.
    pub fn publish<L: ControlLine>(&self, line: &L, epoch: u32) {
        for (index, value) in self.cells().into_iter().enumerate() {
            line.cell(index + 1).publish(value as u32, (value >> 32) as u32);
        }
        line.cell(0).publish_release(self.key, epoch);
    }

    /// Returns the epoch of the last order, and the order; `None` before the first.
    pub fn read<L: ControlLine>(line: &L) -> Option<(u32, Self)> {
        let CellValue { data: key, turn: epoch } = line.cell(0).poll_acquire();
        if epoch == 0 {
            return None;
        }
        let cells = core::array::from_fn(|index| {
            let CellValue { data, turn } = line.cell(index + 1).poll();
            u64::from(turn) << 32 | u64::from(data)
        });
        Some((epoch, Self::of_cells(key, cells)))
    }

    fn cells(&self) -> [u64; CELLS] {
        let ActorShape { slots, lines, mailboxes } = self.shape;
        [
            self.memory,
            self.first_state,
            joined(self.state_bytes, self.passed_over_max),
            joined(slots, u32::from(mailboxes) << 16 | u32::from(lines)),
            joined(self.restart_max.unwrap_or(NONE_32), self.pool_number),
            self.window_ns,
            self.backoff_ns,
            self.lease_ns.unwrap_or(NONE_64),
            self.model,
            self.model_bytes,
            self.staging,
            self.arena,
            self.model_state,
            self.pool,
            joined(self.pool_buffers.0, self.pool_buffers.1),
        ]
    }

    fn of_cells(key: u32, cells: [u64; CELLS]) -> Self {
        let [
            memory,
            first_state,
            sizes,
            shape,
            restart_max,
            window_ns,
            backoff_ns,
            lease_ns,
            model,
            model_bytes,
            staging,
            arena,
            model_state,
            pool,
            pool_buffers,
        ] = cells;
        let (state_bytes, passed_over_max) = halves(sizes);
        let (slots, rest) = halves(shape);
        let (restart_max, pool_number) = halves(restart_max);
        Self {
            key,
            memory,
            first_state,
            state_bytes,
            passed_over_max,
            shape: ActorShape { slots, lines: rest as u16, mailboxes: (rest >> 16) as u16 },
            restart_max: (restart_max != NONE_32).then_some(restart_max),
            window_ns,
            backoff_ns,
            lease_ns: (lease_ns != NONE_64).then_some(lease_ns),
            model,
            model_bytes,
            staging,
            arena,
            model_state,
            pool,
            pool_buffers: halves(pool_buffers),
            pool_number,
        }
    }
}

/// Joins a lower and an upper word.
const fn joined(low: u32, high: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

/// Returns the lower and the upper word.
const fn halves(both: u64) -> (u32, u32) {
    (both as u32, (both >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{ActorShape, BlockOrder};
    use crate::actor::{ActorPlan, Supervision};
    use crate::ring::HostLine;

    #[test]
    fn every_field_comes_back() {
        let order = BlockOrder {
            key: 1,
            memory: 0x1_0000_0002,
            first_state: 3,
            state_bytes: 4,
            passed_over_max: 5,
            shape: ActorShape { slots: 6, lines: 7, mailboxes: 8 },
            restart_max: Some(9),
            window_ns: 10,
            backoff_ns: 11,
            lease_ns: Some(12),
            model: 13,
            model_bytes: 14,
            staging: 15,
            arena: 16,
            model_state: 17,
            pool: 18,
            pool_buffers: (19, 20),
            pool_number: 21,
        };
        let line = HostLine::new();
        order.publish(&line, 9);
        assert_eq!(BlockOrder::read(&line), Some((9, order)));
        let plain = BlockOrder { restart_max: None, lease_ns: None, ..order };
        plain.publish(&line, 10);
        assert_eq!(BlockOrder::read(&line), Some((10, plain)));
    }

    #[test]
    fn a_plan_comes_back() {
        let supervision = Supervision::Restart {
            count_max: 3,
            window: Duration::from_secs(5),
            backoff: Duration::from_millis(7),
        };
        let plan = ActorPlan::new()
            .with_supervision(supervision)
            .with_lease(Duration::from_micros(11))
            .with_passed_over_max(2);
        let back = BlockOrder::default().with_plan(&plan).plan();
        assert_eq!(back.supervision, supervision);
        assert_eq!((back.lease, back.passed_over_max), (plan.lease, 2));
        let back = BlockOrder::default().with_plan(&ActorPlan::new()).plan();
        assert_eq!((back.supervision, back.lease), (Supervision::Never, None));
    }
}
