//! What a resident kernel is started with, and where its parts are in mapped memory.

use core::time::Duration;

use isokern_core::device::{ORDER_BYTES, REPORT_BYTES, TaskLayout};
use isokern_core::megakernel::TaskShape;
use isokern_core::ring::LINE_BYTES;

use super::error::ResidentError;

/// How much a resident kernel takes of a device. All of it is allocated by
/// [`CudaHost::start`](super::CudaHost::start).
///
/// ```
/// use core::time::Duration;
/// use isokern_cuda::ResidentPlan;
///
/// let plan = ResidentPlan::new(4)
///     .with_spares(1)
///     .with_lease(Duration::from_secs(30))
///     .with_model_bytes(1 << 20)
///     .with_pool_bytes(1 << 16);
/// assert_eq!((plan.actors, plan.spares), (4, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResidentPlan {
    /// Actors that run at the same time, a block each.
    pub actors: u32,
    /// Workers of a megakernel, a block each.
    pub workers: u32,
    /// Tasks that may be under way at once.
    pub task_slots: u32,
    /// Slots for tasks that tasks spawn.
    pub spawn_slots: u32,
    /// Blocks that take the place of those that met a fault.
    pub spares: u32,
    /// How long the kernel runs on when the host no longer renews its lease.
    pub lease: Duration,
    /// Bytes that the memory of one actor may have: its lines and mailboxes
    /// ([`MailboxShape::actor_bytes`](isokern_core::actor::MailboxShape::actor_bytes)).
    pub actor_bytes: u32,
    /// Bytes that an actor's own state may have.
    pub first_state_bytes: u32,
    /// Dynamic shared memory of a block, in bytes: arenas that fit are there.
    pub shared_bytes: u32,
    /// Device memory of a block for arenas that do not, in bytes.
    pub arena_bytes: u32,
    /// Device memory of a block for the state of its model, in bytes.
    pub model_state_bytes: u32,
    /// Device memory for all models together, in bytes, and as much mapped memory to bring them
    /// there.
    pub model_bytes: u64,
    /// Mapped memory for pools of buffers, and for inputs and outputs of tasks, in bytes.
    pub pool_bytes: u64,
    /// Device memory for arenas of tasks that run models and for states of their streams, in bytes.
    pub task_bytes: u64,
    /// Multiprocessors that are left to batch launches.
    pub free_multiprocessors: u32,
}

impl ResidentPlan {
    /// Returns a plan for so many actors: no workers, no spares, a lease of two seconds, actors of
    /// up to 16 KiB with a state of up to 1 KiB, 32 KiB of shared memory a block, no models, no
    /// pools, and one multiprocessor left free.
    #[must_use]
    pub const fn new(actors: u32) -> Self {
        Self {
            actors,
            workers: 0,
            task_slots: 0,
            spawn_slots: 0,
            spares: 0,
            lease: Duration::from_secs(2),
            actor_bytes: 16 << 10,
            first_state_bytes: 1 << 10,
            shared_bytes: 32 << 10,
            arena_bytes: 0,
            model_state_bytes: 0,
            model_bytes: 0,
            pool_bytes: 0,
            task_bytes: 0,
            free_multiprocessors: 1,
        }
    }

    /// Returns the plan with workers for a megakernel, and slots for the tasks that may be under
    /// way at once; 1 to 2^28 slots, those for spawned tasks included.
    #[must_use]
    pub const fn with_workers(self, workers: u32, task_slots: u32) -> Self {
        Self { workers, task_slots, ..self }
    }

    /// Returns the plan with slots for tasks that tasks spawn.
    #[must_use]
    pub const fn with_spawn_slots(self, spawn_slots: u32) -> Self {
        Self { spawn_slots, ..self }
    }

    /// Returns the plan with blocks that take the place of those that met a fault.
    #[must_use]
    pub const fn with_spares(self, spares: u32) -> Self {
        Self { spares, ..self }
    }

    /// Returns the plan with another lease. A thread renews it eight times in that time or more
    /// often; one that is kept from running for longer loses the kernel.
    #[must_use]
    pub const fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// Returns the plan with memory of an actor.
    #[must_use]
    pub const fn with_actor_bytes(self, actor_bytes: u32) -> Self {
        Self { actor_bytes, ..self }
    }

    /// Returns the plan with bytes for an actor's own state.
    #[must_use]
    pub const fn with_first_state_bytes(self, first_state_bytes: u32) -> Self {
        Self { first_state_bytes, ..self }
    }

    /// Returns the plan with dynamic shared memory of a block.
    #[must_use]
    pub const fn with_shared_bytes(self, shared_bytes: u32) -> Self {
        Self { shared_bytes, ..self }
    }

    /// Returns the plan with device memory of a block for an arena.
    #[must_use]
    pub const fn with_arena_bytes(self, arena_bytes: u32) -> Self {
        Self { arena_bytes, ..self }
    }

    /// Returns the plan with device memory of a block for the state of a model.
    #[must_use]
    pub const fn with_model_state_bytes(self, model_state_bytes: u32) -> Self {
        Self { model_state_bytes, ..self }
    }

    /// Returns the plan with memory for all models. A model takes its bytes, rounded up to 128.
    #[must_use]
    pub const fn with_model_bytes(self, model_bytes: u64) -> Self {
        Self { model_bytes, ..self }
    }

    /// Returns the plan with memory for pools
    /// ([`PoolLayout::bytes`](isokern_core::ring::PoolLayout::bytes)).
    #[must_use]
    pub const fn with_pool_bytes(self, pool_bytes: u64) -> Self {
        Self { pool_bytes, ..self }
    }

    /// Returns the plan with multiprocessors that are left to batch launches; 0 leaves none.
    #[must_use]
    pub const fn with_free_multiprocessors(self, free_multiprocessors: u32) -> Self {
        Self { free_multiprocessors, ..self }
    }

    /// Returns the lease in ns.
    pub(super) fn lease_ns(&self) -> u64 {
        u64::try_from(self.lease.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Returns the shape of its megakernel; `None` for a plan without.
    pub(super) const fn task_shape(&self) -> Option<TaskShape> {
        TaskShape::try_new(self.task_slots, self.spawn_slots, self.workers)
    }

    /// Returns the layout of its megakernel; `None` for a plan without.
    pub(super) fn task_layout(&self) -> Option<TaskLayout> {
        self.task_shape().map(TaskLayout::new)
    }

    /// Checks the numbers and returns the layout.
    pub(super) fn layout(&self) -> Result<MappedLayout, ResidentError> {
        let wrong = |reason| Err(ResidentError::Plan { reason });
        if self.actors == 0 && self.workers == 0 {
            return wrong("it has no actors and no workers");
        }
        if self.workers > 0 && self.task_shape().is_none() {
            return wrong("its workers have no task slots, or more than 2^28");
        }
        if self.lease < LEASE_MIN {
            return wrong("its lease is shorter than a millisecond");
        }
        let blocks = self.actors.checked_add(self.workers);
        let blocks = blocks.and_then(|blocks| blocks.checked_add(self.spares));
        let blocks = blocks.filter(|blocks| *blocks <= BLOCKS_MAX);
        let Some(blocks) = blocks else { return wrong("it has more than 65536 blocks") };
        let layout = MappedLayout::of(blocks, self);
        layout.map_or(wrong("its memory is more than an address space holds"), Ok)
    }
}

const LEASE_MIN: Duration = Duration::from_millis(1);
const BLOCKS_MAX: u32 = 1 << 16;
const LINE: u64 = LINE_BYTES as u64;

/// Offsets in mapped memory, multiples of 128.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MappedLayout {
    /// Blocks of the grid.
    pub(super) blocks: u32,
    orders: u64,
    reports: u64,
    actors: u64,
    actor_bytes: u64,
    states: u64,
    state_bytes: u64,
    /// Where models are brought from.
    pub(super) staging: u64,
    /// Where pools are.
    pub(super) pools: u64,
    /// Where the megakernel is.
    pub(super) tasks: u64,
    /// Bytes of the whole.
    pub(super) bytes: u64,
}

impl MappedLayout {
    /// Where the grid line is.
    pub(super) const GRID_LINE: u64 = 0;

    fn of(blocks: u32, plan: &ResidentPlan) -> Option<Self> {
        let count = u64::from(blocks);
        let actor_bytes = u64::from(plan.actor_bytes).next_multiple_of(LINE);
        let state_bytes = u64::from(plan.first_state_bytes).next_multiple_of(LINE);
        let orders = LINE;
        let reports = orders + count * ORDER_BYTES;
        let actors = reports + count * REPORT_BYTES;
        let states = actors.checked_add(count * actor_bytes)?;
        let staging = states.checked_add(count * state_bytes)?;
        let staged = plan.model_bytes.checked_next_multiple_of(LINE)?;
        let pools = staging.checked_add(staged)?;
        let tasks = pools.checked_add(plan.pool_bytes.checked_next_multiple_of(LINE)?)?;
        let task_bytes = plan.task_layout().map_or(0, |layout| layout.mapped_bytes());
        let bytes = tasks.checked_add(task_bytes)?;
        // The host reaches all of it.
        isize::try_from(bytes).ok()?;
        Some(Self {
            blocks,
            orders,
            reports,
            actors,
            actor_bytes,
            states,
            state_bytes,
            staging,
            pools,
            tasks,
            bytes,
        })
    }

    /// Returns where the orders of a block are.
    pub(super) fn order(&self, block: u32) -> u64 {
        self.orders + u64::from(block) * ORDER_BYTES
    }

    /// Returns where the reports of a block are.
    pub(super) fn report(&self, block: u32) -> u64 {
        self.reports + u64::from(block) * REPORT_BYTES
    }

    /// Returns where the memory of a block's actor is.
    pub(super) fn actor(&self, block: u32) -> u64 {
        self.actors + u64::from(block) * self.actor_bytes
    }

    /// Returns where the first state of a block's actor is.
    pub(super) fn state(&self, block: u32) -> u64 {
        self.states + u64::from(block) * self.state_bytes
    }

    /// Returns the bytes that an actor's memory has.
    pub(super) const fn actor_bytes(&self) -> u64 {
        self.actor_bytes
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{ResidentError, ResidentPlan};

    #[test]
    fn parts_follow_one_another_in_whole_lines() {
        let plan = ResidentPlan::new(3)
            .with_spares(1)
            .with_actor_bytes(2800)
            .with_first_state_bytes(4)
            .with_model_bytes(1000)
            .with_pool_bytes(1);
        let layout = plan.layout().expect("it fits");
        assert_eq!(layout.blocks, 4);
        assert_eq!((layout.order(0), layout.order(3)), (128, 128 + 3 * 256));
        assert_eq!((layout.report(0), layout.report(1)), (1152, 1152 + 256));
        assert_eq!((layout.actor(0), layout.actor(1)), (2176, 2176 + 2816));
        assert_eq!((layout.state(0), layout.state(3)), (13_440, 13_440 + 3 * 128));
        assert_eq!((layout.staging, layout.pools, layout.bytes), (13_952, 14_976, 15_104));
        let workers = plan.with_workers(2, 6).with_spawn_slots(2);
        let tasks = workers.task_layout().expect("it has workers");
        let layout = workers.layout().expect("it fits");
        assert_eq!((layout.blocks, layout.bytes - layout.tasks), (6, tasks.mapped_bytes()));
    }

    #[test]
    fn plans_that_cannot_be_kept_are_refused_by_name() {
        let plans = [
            (ResidentPlan::new(0), "no actors"),
            (ResidentPlan::new(0).with_workers(1, 0), "task slots"),
            (ResidentPlan::new(1).with_workers(u32::MAX, 1), "65536 blocks"),
            (ResidentPlan::new(1).with_lease(Duration::from_micros(999)), "lease"),
            (ResidentPlan::new(u32::MAX).with_spares(1), "65536 blocks"),
            (ResidentPlan::new(1).with_model_bytes(u64::MAX), "address space"),
            (ResidentPlan::new(1).with_pool_bytes(u64::MAX - 4096), "address space"),
        ];
        for (plan, word) in plans {
            let refused = plan.layout().expect_err("it cannot be kept");
            assert!(matches!(refused, ResidentError::Plan { .. }), "{refused}");
            let text = refused.to_string();
            assert!(text.contains(word) && text.contains("Fix: "), "{text}");
        }
    }
}
