//! Launch requests and plans: what the launch policy is asked, and what it answers.

/// Everything the policy looks at; made by
/// [`MegakernelConfig::launch_request`](super::MegakernelConfig::launch_request)
/// or by hand.
///
/// Densities and pressures are basis points: 10 000 is all of it. [`Default`] is
/// all zero, which no policy accepts: the three limits have to be set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MegakernelLaunchRequest {
    /// Tasks that wait to be claimed.
    pub queue_len: u32,
    /// Groups wanted; 0 derives them from the limits.
    pub requested_worker_groups: u32,
    /// The device's limit on threads along x of a group; not 0.
    pub max_workgroup_size_x: u32,
    /// The device's limit on groups along one side of a grid; not 0.
    pub max_compute_workgroups_per_dimension: u32,
    /// The device's limit on threads of a group; not 0.
    pub max_compute_invocations_per_workgroup: u32,
    /// Entries of the hit buffer, taken as they are; 0 derives them from queue
    /// and [`expected_hits_per_item`](Self::expected_hits_per_item).
    pub requested_hit_capacity: u32,
    /// Hits a task is expected to make; 0 counts as 1.
    pub expected_hits_per_item: u32,
    /// Opcodes that occur often enough to be worth compiling.
    pub hot_opcode_count: u32,
    /// Sequences of opcodes that occur often.
    pub hot_window_count: u32,
    /// How often tasks came back to the queue.
    pub requeue_count: u64,
    /// The age of the oldest task, in ticks.
    pub max_priority_age: u32,
    /// Nodes of the graph that the tasks walk; 0 without a graph.
    pub graph_node_count: u32,
    /// Edges of that graph.
    pub graph_edge_count: u32,
    /// The part of the nodes that is active, in basis points; 0 infers it.
    pub frontier_density_bps: u16,
    /// The part of device memory in use, in basis points; 0 infers it.
    pub memory_pressure_bps: u16,
    /// Device memory in use before the launch, in bytes.
    pub resident_device_bytes: u64,
    /// Device memory the launch may reach, in bytes; 0 is unbounded.
    pub device_memory_budget_bytes: u64,
}

impl MegakernelLaunchRequest {
    /// Returns the name of the first device limit that is 0.
    pub(super) const fn zero_limit(&self) -> Option<&'static str> {
        if self.max_workgroup_size_x == 0 {
            Some("max_workgroup_size_x")
        } else if self.max_compute_workgroups_per_dimension == 0 {
            Some("max_compute_workgroups_per_dimension")
        } else if self.max_compute_invocations_per_workgroup == 0 {
            Some("max_compute_invocations_per_workgroup")
        } else {
            None
        }
    }
}

/// The recommendation of the policy for one launch.
///
/// Geometry and [`age_priority_work`](Self::age_priority_work) are for an executor to
/// follow; mode, promotions and hit capacity are advice.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MegakernelLaunchRecommendation {
    /// The shape of the launch.
    pub geometry: MegakernelGeometry,
    /// Groups of workers, at least 1.
    pub worker_groups: u32,
    /// Entries of the hit buffer.
    pub hit_capacity: u32,
    /// How full the lanes are.
    pub pressure: MegakernelPressure,
    /// Whether compiled code is worth its making.
    pub execution_mode: MegakernelExecutionMode,
    /// What the work looks like; the next launch's previous topology.
    pub topology: MegakernelTopology,
    /// Whether single opcodes are worth compiling.
    pub promote_hot_opcodes: bool,
    /// Whether sequences of opcodes are worth compiling.
    pub promote_hot_windows: bool,
    /// Whether waiting tasks are to gain priority with age.
    pub age_priority_work: bool,
    /// Device memory at the launch's peak, in bytes.
    pub estimated_peak_device_bytes: u64,
    /// The request's budget in bytes; 0 is unbounded.
    pub device_memory_budget_bytes: u64,
}

impl MegakernelLaunchRecommendation {
    /// Returns a recommendation of this shape and the least of everything else, for whoever makes
    /// one by other rules: one group, no hits and no bytes, an empty queue, opcodes looked up.
    #[must_use]
    pub const fn new(geometry: MegakernelGeometry) -> Self {
        Self {
            geometry,
            worker_groups: 1,
            hit_capacity: 0,
            pressure: MegakernelPressure::Empty,
            execution_mode: MegakernelExecutionMode::Interpreter,
            topology: MegakernelTopology::Empty,
            promote_hot_opcodes: false,
            promote_hot_windows: false,
            age_priority_work: false,
            estimated_peak_device_bytes: 0,
            device_memory_budget_bytes: 0,
        }
    }
}

/// The shape of a launch.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MegakernelGeometry {
    /// Threads of a group.
    pub workgroup_size_x: u32,
    /// Slots the queue needs: its tasks, filled up to whole groups.
    pub slot_count: u32,
    /// Groups along x, y and z; y and z are 1.
    pub dispatch_grid: [u32; 3],
}

impl MegakernelGeometry {
    /// Returns the shape of groups of so many threads, with so many slots, on this grid.
    #[must_use]
    pub const fn new(workgroup_size_x: u32, slot_count: u32, dispatch_grid: [u32; 3]) -> Self {
        Self { workgroup_size_x, slot_count, dispatch_grid }
    }
}

/// The ratio of tasks to the lanes (groups times threads) of a launch.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MegakernelPressure {
    /// No task.
    #[cfg_attr(feature = "serde", serde(alias = "empty"))]
    Empty,
    /// Fewer tasks than lanes.
    #[cfg_attr(feature = "serde", serde(alias = "light"))]
    Light,
    /// A task for every lane.
    #[cfg_attr(feature = "serde", serde(alias = "balanced"))]
    Balanced,
    /// Several waves of tasks (4 by the standard), or tasks that came back.
    #[cfg_attr(feature = "serde", serde(alias = "saturated"))]
    Saturated,
}

/// The way in which workers run an opcode.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MegakernelExecutionMode {
    /// Look each opcode up.
    #[cfg_attr(feature = "serde", serde(alias = "interpreter"))]
    Interpreter,
    /// Run code compiled for these tasks.
    #[cfg_attr(feature = "serde", serde(alias = "jit"))]
    Jit,
}

/// The shape of the queued work, by the density of its frontier.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MegakernelTopology {
    /// There is none.
    #[cfg_attr(feature = "serde", serde(alias = "empty"))]
    Empty,
    /// Few nodes are active: workers would look for work in vain.
    #[cfg_attr(feature = "serde", serde(alias = "sparse_frontier"))]
    SparseFrontier,
    /// Neither sparse nor dense.
    #[cfg_attr(feature = "serde", serde(alias = "hybrid_frontier"))]
    HybridFrontier,
    /// Many nodes are active.
    #[cfg_attr(feature = "serde", serde(alias = "dense_frontier"))]
    DenseFrontier,
    /// Dense, with many edges and something hot: worth fusing.
    #[cfg_attr(feature = "serde", serde(alias = "fused_dense"))]
    FusedDense,
    /// Memory is short, which counts for more than density.
    #[cfg_attr(feature = "serde", serde(alias = "memory_constrained"))]
    MemoryConstrained,
}
