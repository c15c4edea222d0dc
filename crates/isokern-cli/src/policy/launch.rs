//! The launch asked about: its queue, the device's limits, what was launched before.

use clap::{ArgGroup, ValueEnum};
use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{MegakernelLaunchRequest, MegakernelTopology};

use super::tasks;
use crate::error::CliError;

/// One of `--queue-len` and `--tasks`, and what has a default.
#[derive(clap::Args)]
#[group(skip)]
#[command(group(ArgGroup::new("work").required(true).args(["queue_len", "tasks"])))]
#[command(next_help_heading = "Launch")]
pub(crate) struct Arguments {
    /// Tasks that wait to be claimed, none of which has come back
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    queue_len: Option<u32>,
    /// Task slots instead: groups of COUNTxSTATE/REQUEUE_COUNT/AGE joined by |
    #[arg(long, value_name = "MIX")]
    tasks: Option<String>,
    /// The topology recommended for the launch before, which holds a little beyond its threshold
    /// [default: none]
    #[arg(long, value_enum, value_name = "TOPOLOGY", ignore_case = true)]
    previous: Option<Topology>,
    /// The device's limit on threads along x of a group
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 1024)]
    max_workgroup_size_x: u32,
    /// The device's limit on groups along one side of a grid
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 65_535)]
    max_compute_workgroups_per_dimension: u32,
    /// The device's limit on threads of a group
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 1024)]
    max_compute_invocations_per_workgroup: u32,
}

/// The topologies by the names that the output has.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Topology {
    /// No work
    Empty,
    /// Few nodes active: up to 500 bps
    SparseFrontier,
    /// Between sparse and dense
    HybridFrontier,
    /// Many nodes active: from 4000 bps on
    DenseFrontier,
    /// Dense, with many edges and something hot
    FusedDense,
    /// Memory short: from 8500 bps on
    MemoryConstrained,
}

impl Arguments {
    /// Returns the request to the policy.
    pub(crate) fn request(
        &self,
        config: &MegakernelConfig,
    ) -> Result<MegakernelLaunchRequest, CliError> {
        let width_max = self.max_workgroup_size_x;
        let groups_max = self.max_compute_workgroups_per_dimension;
        let threads_max = self.max_compute_invocations_per_workgroup;
        match &self.tasks {
            Some(mix) => {
                let slots = tasks::slots(mix)?;
                config
                    .launch_request_for_tasks(&slots, width_max, groups_max, threads_max)
                    .map_err(CliError::Policy)
            }
            None => {
                // Without a mix the group has asked for it.
                let queue_len = self.queue_len.unwrap_or(0);
                Ok(config.launch_request(queue_len, width_max, groups_max, threads_max))
            }
        }
    }

    /// Returns the task mix as it was given.
    pub(crate) fn tasks(&self) -> Option<&str> {
        self.tasks.as_deref()
    }

    /// Returns the topology of the launch before.
    pub(crate) fn previous(&self) -> Option<MegakernelTopology> {
        self.previous.map(|previous| match previous {
            Topology::Empty => MegakernelTopology::Empty,
            Topology::SparseFrontier => MegakernelTopology::SparseFrontier,
            Topology::HybridFrontier => MegakernelTopology::HybridFrontier,
            Topology::DenseFrontier => MegakernelTopology::DenseFrontier,
            Topology::FusedDense => MegakernelTopology::FusedDense,
            Topology::MemoryConstrained => MegakernelTopology::MemoryConstrained,
        })
    }
}
