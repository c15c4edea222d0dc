//! Topologies: what the queued work looks like, and how many groups that is worth.

use super::launch::{MegakernelLaunchRequest, MegakernelTopology};
use super::policy::{MegakernelLaunchPolicy, larger, smaller};

const WHOLE_BPS: u16 = 10_000;

/// The part of the groups which short memory takes away at least; at full
/// memory it is twice that.
const MEMORY_SHED_BPS: u64 = 2_500;

/// A sparse frontier leaves this many groups, if there were so many.
const SPARSE_GROUPS_MIN: u32 = 32;

/// What the policy reads out of a request before it decides.
#[derive(Clone, Copy)]
pub(super) struct Signals {
    pub(super) frontier_bps: u16,
    pub(super) memory_bps: u16,
    pub(super) hot_opcodes: bool,
    pub(super) hot_windows: bool,
    /// The conditions of [`MegakernelTopology::FusedDense`] but density.
    pub(super) fusible: bool,
}

impl MegakernelLaunchPolicy {
    /// Reads the request, and infers what it leaves open.
    pub(super) const fn signals(&self, request: &MegakernelLaunchRequest) -> Signals {
        let (queue, nodes) = (request.queue_len as u64, request.graph_node_count as u64);
        let mut frontier_bps = request.frontier_density_bps;
        if frontier_bps == 0 && queue != 0 && nodes != 0 {
            let active = if queue < nodes { queue } else { nodes };
            // At most the whole, since no more nodes are active than there are.
            frontier_bps = (active * WHOLE_BPS as u64 / nodes) as u16;
            if frontier_bps == 0 {
                frontier_bps = 1;
            }
        }
        let resident = request.resident_device_bytes as u128;
        let budget = request.device_memory_budget_bytes as u128;
        let mut memory_bps = request.memory_pressure_bps;
        if memory_bps == 0 && resident != 0 && budget != 0 {
            let used = resident * WHOLE_BPS as u128 / budget;
            memory_bps = if used < WHOLE_BPS as u128 { used as u16 } else { WHOLE_BPS };
        }
        let hot_opcodes = request.hot_opcode_count >= self.hot_opcode_threshold;
        let hot_windows = request.hot_window_count >= self.hot_window_threshold;
        let fusible = nodes > 0
            && request.graph_edge_count >= self.fusion_edge_threshold
            && (hot_opcodes || hot_windows);
        Signals { frontier_bps, memory_bps, hot_opcodes, hot_windows, fusible }
    }

    /// Classifies the work, then lets the previous class hold where it may.
    pub(super) const fn topology(
        &self,
        queue_len: u32,
        signals: Signals,
        previous: MegakernelTopology,
    ) -> MegakernelTopology {
        use MegakernelTopology as Topology;

        let Signals { frontier_bps, memory_bps, fusible, .. } = signals;
        let (sparse, dense) = (self.sparse_frontier_bps, self.dense_frontier_bps);
        if queue_len == 0 {
            return Topology::Empty;
        }
        if memory_bps >= self.memory_pressure_bps {
            return Topology::MemoryConstrained;
        }
        let fresh = if frontier_bps <= sparse {
            Topology::SparseFrontier
        } else if frontier_bps < dense {
            Topology::HybridFrontier
        } else if fusible {
            Topology::FusedDense
        } else {
            Topology::DenseFrontier
        };
        let slack = self.topology_hysteresis_bps;
        let holds = match previous {
            Topology::Empty => false,
            Topology::MemoryConstrained => {
                memory_bps >= self.memory_pressure_bps.saturating_sub(slack)
            }
            Topology::SparseFrontier => frontier_bps <= sparse.saturating_add(slack),
            Topology::HybridFrontier => {
                frontier_bps >= sparse.saturating_sub(slack)
                    && frontier_bps <= dense.saturating_add(slack)
            }
            Topology::DenseFrontier => {
                frontier_bps >= dense.saturating_sub(slack)
                    && !matches!(fresh, Topology::FusedDense)
            }
            Topology::FusedDense => fusible && frontier_bps >= dense.saturating_sub(slack),
        };
        if holds { previous } else { fresh }
    }

    /// Returns the groups asked for, less those that would find no memory or work.
    pub(super) const fn shed(
        &self,
        request: &MegakernelLaunchRequest,
        signals: Signals,
        topology: MegakernelTopology,
    ) -> u32 {
        let groups = request.requested_worker_groups;
        if groups <= 1 {
            return groups;
        }
        let wide = groups as u64;
        match topology {
            MegakernelTopology::MemoryConstrained => {
                let span = larger(WHOLE_BPS.saturating_sub(self.memory_pressure_bps) as u32, 1);
                let above = signals.memory_bps.saturating_sub(self.memory_pressure_bps) as u32;
                let more = smaller(above, span) as u64 * MEMORY_SHED_BPS / span as u64;
                let kept = WHOLE_BPS as u64 - MEMORY_SHED_BPS - more;
                larger((wide * kept / WHOLE_BPS as u64) as u32, 1)
            }
            MegakernelTopology::SparseFrontier
                if request.graph_node_count != 0 && signals.frontier_bps != 0 =>
            {
                let sparse = larger(self.sparse_frontier_bps as u32, 1);
                let density = smaller(signals.frontier_bps as u32, sparse) as u64;
                let scaled = (wide * density / sparse as u64) as u32;
                larger(scaled, smaller(groups, SPARSE_GROUPS_MIN))
            }
            _ => groups,
        }
    }
}
