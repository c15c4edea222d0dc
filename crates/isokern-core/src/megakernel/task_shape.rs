//! Shapes: how many slots, workers and rings a megakernel has.

use crate::ring::SlotCount;

/// Ways to the workers' queues: five classes, and the free slots for spawned tasks.
pub const QUEUE_COUNT: usize = 6;
/// Events that tasks can wait for, numbered from 1.
pub const EVENT_COUNT: usize = 16;
/// Tenants that have quotas of their own, numbered from 0.
pub const TENANT_COUNT: usize = 16;
/// Slots of one megakernel, at most.
pub const TASK_SLOTS_MAX: u32 = 1 << 28;

/// The sizes of a megakernel's memory.
///
/// Slots from 0 on are the host's to fill, the last ones are for tasks that tasks spawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskShape {
    /// Slots that the host fills.
    pub host_slots: u32,
    /// Slots for spawned tasks, after those.
    pub spawn_slots: u32,
    /// Places of a queue: a power of two, at least all slots.
    pub queue_places: SlotCount,
    /// Workers there is memory for.
    pub worker_count: u32,
}

impl TaskShape {
    /// Returns a shape whose queues are just large enough; `None` without a slot or a worker, or
    /// with more slots than [`TASK_SLOTS_MAX`].
    #[must_use]
    pub const fn try_new(host_slots: u32, spawn_slots: u32, worker_count: u32) -> Option<Self> {
        if host_slots == 0 || worker_count == 0 {
            return None;
        }
        let slots = match host_slots.checked_add(spawn_slots) {
            Some(slots) if slots <= TASK_SLOTS_MAX => slots,
            Some(_) | None => return None,
        };
        let places = if slots < 2 { 2 } else { slots.next_power_of_two() };
        match SlotCount::try_new(places) {
            Some(queue_places) => {
                Some(Self { host_slots, spawn_slots, queue_places, worker_count })
            }
            None => None,
        }
    }

    /// Returns how many slots there are.
    #[must_use]
    pub const fn slot_count(&self) -> u32 {
        self.host_slots.saturating_add(self.spawn_slots)
    }
}
