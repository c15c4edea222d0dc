//! Configuration: how a megakernel is set up, and what its launches look like.

use core::time::Duration;

use super::error::MegakernelError;
use super::launch::{MegakernelLaunchRecommendation, MegakernelLaunchRequest};
use super::policy::{MegakernelLaunchPolicy, larger};
use super::slot::TaskSlot;
use super::state::TaskState;

/// A megakernel's settings.
///
/// Call [`validate`](Self::validate) once; the other methods take any values and
/// follow [`MegakernelLaunchPolicy::standard`]. Feature `serde`: fields left out
/// have their defaults, unknown ones are refused, and the time is an object of
/// `secs` and `nanos`, both of them there.
///
/// ```
/// use core::time::Duration;
/// use isokern_core::megakernel::MegakernelError;
/// use isokern_core::MegakernelConfig;
///
/// let config = MegakernelConfig { worker_count: 132, ..MegakernelConfig::default() };
/// assert_eq!(config.max_wall_time, Duration::from_secs(60));
/// assert_eq!(config.validate(), Ok(()));
///
/// let idle = MegakernelConfig { worker_count: 0, ..config };
/// assert_eq!(idle.validate(), Err(MegakernelError::ZeroWorkerCount));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct MegakernelConfig {
    /// Workers wanted; 64 by default. Launches with 0 derive it from the limits.
    pub worker_count: u32,
    /// The longest a launch may run; 60 s by default. Workers look at it before each claim and
    /// at each safe point of a task; what is left goes on in the next slice.
    pub max_wall_time: Duration,
    /// Hits each *task* is expected to make; 0, the default, counts as 1.
    ///
    /// The name, which is kept, speaks of workers; the policy takes the number for each queued
    /// task, as
    /// [`expected_hits_per_item`](super::MegakernelLaunchRequest::expected_hits_per_item).
    pub expected_items_per_worker: u32,
    /// What is known about the work; nothing by default.
    pub workload: MegakernelWorkloadHints,
}

/// Hints of a caller about the work to come; [`Default`] is all zero: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct MegakernelWorkloadHints {
    /// Opcodes that occur often enough to be worth compiling.
    pub hot_opcode_count: u32,
    /// Sequences of opcodes that occur often.
    pub hot_window_count: u32,
    /// Nodes of the graph that the tasks walk.
    pub graph_node_count: u32,
    /// Edges of that graph.
    pub graph_edge_count: u32,
    /// The part of the nodes that is active, in basis points; 0 infers it from
    /// queue and nodes.
    pub frontier_density_bps: u16,
    /// The part of device memory in use, in basis points; 0 infers it from the
    /// bytes below.
    pub memory_pressure_bps: u16,
    /// Device memory in use before the launch, in bytes.
    pub resident_device_bytes: u64,
    /// Device memory a launch may reach, in bytes; 0 is unbounded.
    pub device_memory_budget_bytes: u64,
}

impl MegakernelWorkloadHints {
    /// Returns hints that say nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            hot_opcode_count: 0,
            hot_window_count: 0,
            graph_node_count: 0,
            graph_edge_count: 0,
            frontier_density_bps: 0,
            memory_pressure_bps: 0,
            resident_device_bytes: 0,
            device_memory_budget_bytes: 0,
        }
    }
}

impl Default for MegakernelConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl MegakernelConfig {
    /// Returns the default: 64 workers, 60 s, no hints.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            worker_count: MegakernelLaunchPolicy::standard().default_worker_count,
            max_wall_time: Duration::from_secs(60),
            expected_items_per_worker: 0,
            workload: MegakernelWorkloadHints::new(),
        }
    }

    /// Checks that somebody would work, and for some time; hints are not looked at.
    ///
    /// # Errors
    ///
    /// [`ZeroWorkerCount`](MegakernelError::ZeroWorkerCount), and then
    /// [`ZeroWallTime`](MegakernelError::ZeroWallTime).
    pub const fn validate(&self) -> Result<(), MegakernelError> {
        if self.worker_count == 0 {
            return Err(MegakernelError::ZeroWorkerCount);
        }
        if self.max_wall_time.is_zero() {
            return Err(MegakernelError::ZeroWallTime);
        }
        Ok(())
    }

    /// Returns the groups along x, y and z for a queue: one for each
    /// `max_workgroup_size_x` tasks, from 1 to `worker_count`, at most 1024.
    ///
    /// A count or width of 0 is taken as 1.
    ///
    /// ```
    /// # use isokern_core::MegakernelConfig;
    /// const CONFIG: MegakernelConfig = MegakernelConfig::new();
    /// assert_eq!(CONFIG.dispatch_grid(1000, 256), [4, 1, 1]);
    /// assert_eq!(CONFIG.dispatch_grid(0, 256), [1, 1, 1]);
    /// assert_eq!(CONFIG.dispatch_grid(65_536, 256), [64, 1, 1]);
    /// ```
    #[must_use]
    pub const fn dispatch_grid(&self, queue_len: u32, max_workgroup_size_x: u32) -> [u32; 3] {
        MegakernelLaunchPolicy::standard().dispatch_grid(
            self.worker_count,
            queue_len,
            max_workgroup_size_x,
        )
    }

    /// Returns the request for a queue of this length on a device with these
    /// limits; a copy without checks, zeros included.
    #[must_use]
    pub const fn launch_request(
        &self,
        queue_len: u32,
        max_workgroup_size_x: u32,
        max_compute_workgroups_per_dimension: u32,
        max_compute_invocations_per_workgroup: u32,
    ) -> MegakernelLaunchRequest {
        let hints = &self.workload;
        MegakernelLaunchRequest {
            queue_len,
            requested_worker_groups: self.worker_count,
            max_workgroup_size_x,
            max_compute_workgroups_per_dimension,
            max_compute_invocations_per_workgroup,
            requested_hit_capacity: 0,
            expected_hits_per_item: larger(self.expected_items_per_worker, 1),
            hot_opcode_count: hints.hot_opcode_count,
            hot_window_count: hints.hot_window_count,
            requeue_count: 0,
            max_priority_age: 0,
            graph_node_count: hints.graph_node_count,
            graph_edge_count: hints.graph_edge_count,
            frontier_density_bps: hints.frontier_density_bps,
            memory_pressure_bps: hints.memory_pressure_bps,
            resident_device_bytes: hints.resident_device_bytes,
            device_memory_budget_bytes: hints.device_memory_budget_bytes,
        }
    }

    /// Returns the request for these slots: the schedulable ones are the queue.
    ///
    /// Requeues (yielded and requeued slots, and the requeue counts of all) and
    /// the greatest age are taken over every slot, finished ones included.
    ///
    /// # Errors
    ///
    /// [`UnknownTaskState`](MegakernelError::UnknownTaskState) with the word of
    /// the first slot that is in no known state.
    pub const fn launch_request_for_tasks(
        &self,
        tasks: &[TaskSlot],
        max_workgroup_size_x: u32,
        max_compute_workgroups_per_dimension: u32,
        max_compute_invocations_per_workgroup: u32,
    ) -> Result<MegakernelLaunchRequest, MegakernelError> {
        let mut request = self.launch_request(
            0,
            max_workgroup_size_x,
            max_compute_workgroups_per_dimension,
            max_compute_invocations_per_workgroup,
        );
        let mut index = 0;
        while index < tasks.len() {
            let task = &tasks[index];
            let Some(state) = task.state() else {
                return Err(MegakernelError::UnknownTaskState { state: task.state_word() });
            };
            if state.is_schedulable() {
                request.queue_len = request.queue_len.saturating_add(1);
            }
            let came_back = matches!(state, TaskState::Yielded | TaskState::Requeued) as u64;
            let requeues = came_back + task.requeue_count() as u64;
            request.requeue_count = request.requeue_count.saturating_add(requeues);
            request.max_priority_age = larger(request.max_priority_age, task.age_ticks());
            index += 1;
        }
        Ok(request)
    }

    /// Returns what the standard policy recommends for a queue of this length
    /// without requeues or age.
    ///
    /// # Errors
    ///
    /// Those of [`MegakernelLaunchPolicy::recommend`].
    pub const fn launch_recommendation(
        &self,
        queue_len: u32,
        max_workgroup_size_x: u32,
        max_compute_workgroups_per_dimension: u32,
        max_compute_invocations_per_workgroup: u32,
    ) -> Result<MegakernelLaunchRecommendation, MegakernelError> {
        MegakernelLaunchPolicy::standard().recommend(&self.launch_request(
            queue_len,
            max_workgroup_size_x,
            max_compute_workgroups_per_dimension,
            max_compute_invocations_per_workgroup,
        ))
    }

    /// Returns what the standard policy recommends for these slots.
    ///
    /// # Errors
    ///
    /// That of [`launch_request_for_tasks`](Self::launch_request_for_tasks), and
    /// then those of [`MegakernelLaunchPolicy::recommend`].
    pub const fn launch_recommendation_for_tasks(
        &self,
        tasks: &[TaskSlot],
        max_workgroup_size_x: u32,
        max_compute_workgroups_per_dimension: u32,
        max_compute_invocations_per_workgroup: u32,
    ) -> Result<MegakernelLaunchRecommendation, MegakernelError> {
        let request = self.launch_request_for_tasks(
            tasks,
            max_workgroup_size_x,
            max_compute_workgroups_per_dimension,
            max_compute_invocations_per_workgroup,
        );
        match request {
            Ok(request) => MegakernelLaunchPolicy::standard().recommend(&request),
            Err(error) => Err(error),
        }
    }
}
