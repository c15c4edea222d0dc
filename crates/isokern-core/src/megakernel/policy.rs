//! The launch policy: from a queue and a device's limits to the shape of a launch.
//!
//! Integers only; every division rounds down. A density or pressure is in basis
//! points (bps), 10 000 of which are the whole.

use super::error::MegakernelError;
use super::launch::{
    MegakernelExecutionMode, MegakernelGeometry, MegakernelLaunchRecommendation,
    MegakernelLaunchRequest, MegakernelPressure, MegakernelTopology,
};
use super::topology::Signals;

/// The thresholds and factors by which launches are shaped.
///
/// ```
/// use isokern_core::megakernel::{MegakernelLaunchPolicy, MegakernelTopology};
/// use isokern_core::MegakernelConfig;
///
/// const POLICY: MegakernelLaunchPolicy = MegakernelLaunchPolicy::standard();
/// let mut request = MegakernelConfig::new().launch_request(128, 256, 65_535, 1024);
///
/// // Sparse up to 5 %; work that was sparse before stays so up to 7.5 %.
/// request.frontier_density_bps = 600;
/// let fresh = POLICY.recommend(&request)?;
/// assert_eq!(fresh.topology, MegakernelTopology::HybridFrontier);
/// let sparse = MegakernelTopology::SparseFrontier;
/// let held = POLICY.recommend_with_previous_topology(&request, sparse)?;
/// assert_eq!(held.topology, sparse);
/// # Ok::<(), isokern_core::megakernel::MegakernelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct MegakernelLaunchPolicy {
    /// Entries a derived hit buffer has at least.
    pub min_hit_capacity: u32,
    /// Entries for each expected hit while memory is not short.
    pub hit_capacity_multiplier: u32,
    /// This many tasks a lane are saturation.
    pub saturated_wave_count: u32,
    /// From this many hot opcodes on they are promoted.
    pub hot_opcode_threshold: u32,
    /// From this many hot windows on they are promoted.
    pub hot_window_threshold: u32,
    /// From this many tasks on code is compiled.
    pub jit_queue_threshold: u32,
    /// From this age in ticks on tasks gain priority.
    pub priority_age_threshold: u32,
    /// A frontier up to this density is sparse.
    pub sparse_frontier_bps: u16,
    /// A frontier from this density on is dense.
    pub dense_frontier_bps: u16,
    /// Memory is short from this pressure on.
    pub memory_pressure_bps: u16,
    /// From this many edges on a dense frontier may be fused.
    pub fusion_edge_threshold: u32,
    /// Device memory of one hit, in bytes.
    pub scratch_bytes_per_hit: u32,
    /// How far beyond its threshold a previous topology holds.
    pub topology_hysteresis_bps: u16,
    /// The worker count of a default configuration.
    pub default_worker_count: u32,
    /// One derived group for this many groups the device allows; 0 counts as 1.
    pub occupancy_divisor: u32,
    /// Groups of a grid, and groups derived from limits, at most; 0 counts as 1.
    pub max_workgroups: u32,
    /// A device with so many threads a group is powerful.
    pub powerful_invocations: u32,
    /// Groups derived for a powerful device, at least.
    pub powerful_worker_groups: u32,
}

impl Default for MegakernelLaunchPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

impl MegakernelLaunchPolicy {
    /// Returns the policy that every method of
    /// [`MegakernelConfig`](super::MegakernelConfig) follows.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            min_hit_capacity: 1024,
            hit_capacity_multiplier: 2,
            saturated_wave_count: 4,
            hot_opcode_threshold: 8,
            hot_window_threshold: 4,
            jit_queue_threshold: 4096,
            priority_age_threshold: 32,
            sparse_frontier_bps: 500,
            dense_frontier_bps: 4000,
            memory_pressure_bps: 8500,
            fusion_edge_threshold: 65_536,
            scratch_bytes_per_hit: 16,
            topology_hysteresis_bps: 250,
            default_worker_count: 64,
            occupancy_divisor: 256,
            max_workgroups: 1024,
            powerful_invocations: 4096,
            powerful_worker_groups: 64,
        }
    }

    /// Returns the launch for a request, on its own.
    ///
    /// # Errors
    ///
    /// In this order: [`ZeroAdapterLimit`](MegakernelError::ZeroAdapterLimit)
    /// (also for an empty queue),
    /// [`HitCapacityOverflow`](MegakernelError::HitCapacityOverflow),
    /// [`ResidentBytesOverflow`](MegakernelError::ResidentBytesOverflow),
    /// [`DeviceOutOfMemory`](MegakernelError::DeviceOutOfMemory).
    pub const fn recommend(
        &self,
        request: &MegakernelLaunchRequest,
    ) -> Result<MegakernelLaunchRecommendation, MegakernelError> {
        // Nothing holds against an empty topology.
        self.recommend_with_previous_topology(request, MegakernelTopology::Empty)
    }

    /// Returns the launch for a request that follows one of this topology.
    ///
    /// The previous topology holds a little beyond its threshold, so that work
    /// near it does not change shape at every launch. An empty queue and short
    /// memory change it at once, and dense work is fused as soon as it may be.
    /// Only the topology, and the groups shed for it, depend on what was before.
    ///
    /// # Errors
    ///
    /// Those of [`recommend`](Self::recommend).
    pub const fn recommend_with_previous_topology(
        &self,
        request: &MegakernelLaunchRequest,
        previous: MegakernelTopology,
    ) -> Result<MegakernelLaunchRecommendation, MegakernelError> {
        if let Some(limit) = request.zero_limit() {
            return Err(MegakernelError::ZeroAdapterLimit { limit });
        }
        let signals = self.signals(request);
        let topology = self.topology(request.queue_len, signals, previous);
        let worker_groups = self.worker_groups(request, self.shed(request, signals, topology));
        let geometry = self.geometry(request, worker_groups);
        let lanes = geometry.dispatch_grid[0] as u64 * geometry.workgroup_size_x as u64;
        let hit_capacity = match self.hit_capacity(request, signals) {
            Ok(hit_capacity) => hit_capacity,
            Err(error) => return Err(error),
        };
        let estimated_peak_device_bytes = match self.peak_bytes(request, hit_capacity) {
            Ok(bytes) => bytes,
            Err(error) => return Err(error),
        };
        Ok(MegakernelLaunchRecommendation {
            geometry,
            worker_groups,
            hit_capacity,
            pressure: self.pressure(request, lanes),
            execution_mode: self.execution_mode(request, signals, topology),
            topology,
            promote_hot_opcodes: signals.hot_opcodes,
            promote_hot_windows: signals.hot_windows,
            age_priority_work: request.requeue_count > 0
                || request.max_priority_age >= self.priority_age_threshold,
            estimated_peak_device_bytes,
            device_memory_budget_bytes: request.device_memory_budget_bytes,
        })
    }

    /// Returns one group for each `width` items, within what is allowed.
    pub(super) const fn dispatch_grid(&self, groups: u32, items: u32, width: u32) -> [u32; 3] {
        let groups_max = smaller(larger(groups, 1), larger(self.max_workgroups, 1));
        [smaller(larger(ceil_div(items, larger(width, 1)), 1), groups_max), 1, 1]
    }

    const fn worker_groups(&self, request: &MegakernelLaunchRequest, groups: u32) -> u32 {
        let groups_max = request.max_compute_workgroups_per_dimension;
        if groups != 0 {
            return larger(smaller(groups, groups_max), 1);
        }
        let share = larger(groups_max / larger(self.occupancy_divisor, 1), 1);
        let derived = smaller(share, larger(self.max_workgroups, 1));
        let powerful = request.max_compute_invocations_per_workgroup >= self.powerful_invocations;
        let floor = if powerful { self.powerful_worker_groups } else { 1 };
        larger(smaller(larger(derived, floor), groups_max), 1)
    }

    const fn geometry(&self, request: &MegakernelLaunchRequest, groups: u32) -> MegakernelGeometry {
        let workgroup_size_x = smaller(groups, request.max_workgroup_size_x);
        let waves = larger(ceil_div(larger(request.queue_len, 1), workgroup_size_x), 1);
        // A saturated sum rounds the last wave away, so the product fits.
        let slot_count = waves * workgroup_size_x;
        let dispatch_grid = self.dispatch_grid(groups, slot_count, workgroup_size_x);
        MegakernelGeometry { workgroup_size_x, slot_count, dispatch_grid }
    }

    const fn pressure(&self, request: &MegakernelLaunchRequest, lanes: u64) -> MegakernelPressure {
        let queue = request.queue_len as u64;
        if queue == 0 {
            MegakernelPressure::Empty
        } else if request.requeue_count > 0
            || queue >= lanes.saturating_mul(self.saturated_wave_count as u64)
        {
            MegakernelPressure::Saturated
        } else if queue >= lanes {
            MegakernelPressure::Balanced
        } else {
            MegakernelPressure::Light
        }
    }

    const fn execution_mode(
        &self,
        request: &MegakernelLaunchRequest,
        signals: Signals,
        topology: MegakernelTopology,
    ) -> MegakernelExecutionMode {
        let pays = request.queue_len >= self.jit_queue_threshold
            || signals.hot_opcodes
            || signals.hot_windows
            || matches!(topology, MegakernelTopology::FusedDense);
        if pays { MegakernelExecutionMode::Jit } else { MegakernelExecutionMode::Interpreter }
    }

    const fn hit_capacity(
        &self,
        request: &MegakernelLaunchRequest,
        signals: Signals,
    ) -> Result<u32, MegakernelError> {
        if request.requested_hit_capacity != 0 {
            return Ok(request.requested_hit_capacity);
        }
        let memory_is_short = signals.memory_bps >= self.memory_pressure_bps;
        let entries_per_hit = if memory_is_short { 1 } else { self.hit_capacity_multiplier };
        let (queue_len, expected) = (request.queue_len, larger(request.expected_hits_per_item, 1));
        // Three factors of 32 bits cannot leave 128.
        let entries = queue_len as u128 * expected as u128 * entries_per_hit as u128;
        if entries > u32::MAX as u128 {
            let expected_hits_per_item = expected;
            return Err(MegakernelError::HitCapacityOverflow { queue_len, expected_hits_per_item });
        }
        Ok(larger(entries as u32, self.min_hit_capacity))
    }

    const fn peak_bytes(
        &self,
        request: &MegakernelLaunchRequest,
        hit_capacity: u32,
    ) -> Result<u64, MegakernelError> {
        let resident_device_bytes = request.resident_device_bytes;
        let scratch = hit_capacity as u64 * self.scratch_bytes_per_hit as u64;
        let Some(peak) = resident_device_bytes.checked_add(scratch) else {
            return Err(MegakernelError::ResidentBytesOverflow {
                resident_device_bytes,
                hit_capacity,
            });
        };
        let available = request.device_memory_budget_bytes;
        if available != 0 && peak > available {
            return Err(MegakernelError::DeviceOutOfMemory { requested: peak, available });
        }
        Ok(peak)
    }
}

/// Divides and rounds up; a sum above `u32::MAX` is taken as that.
const fn ceil_div(items: u32, width: u32) -> u32 {
    items.saturating_add(width - 1) / width
}

/// Returns `Ord::min`, which is not `const`.
pub(super) const fn smaller(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}

/// Returns `Ord::max`, which is not `const`.
pub(super) const fn larger(a: u32, b: u32) -> u32 {
    if a > b { a } else { b }
}
