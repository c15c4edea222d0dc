//! The configuration asked about: defaults, then a file, then flags.

use core::time::Duration;
use std::path::PathBuf;

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::MegakernelWorkloadHints;
use thiserror::Error;

use super::config_file::{self, Format};
use crate::error::CliError;

/// Why a text is no wall time.
#[derive(Debug, Error)]
#[error(
    "--max-wall-time {text:?} is not a time: {source}. Fix: write numbers with units, such as \
     5ms, 60s or 1h30m"
)]
pub(crate) struct WallTimeError {
    text: String,
    source: humantime::DurationError,
}

/// Every field of [`MegakernelConfig`], each of which a flag may set.
#[derive(clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Arguments {
    /// A configuration file: .toml or .json; - is standard input, and then --format is needed
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What the file is written in, whatever its name
    #[arg(long, value_enum, requires = "config")]
    format: Option<Format>,
    /// Workers wanted, at least 1; both groups and threads of a group follow from it [default: 64]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    worker_count: Option<u32>,
    /// The longest a launch may run, such as 5ms or 60s, more than 0; no shape depends on it
    /// [default: 60s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    max_wall_time: Option<String>,
    /// Hits expected of a task; 0 counts as 1 [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    expected_items_per_worker: Option<u32>,
    /// Opcodes that occur often; from 8 on they are worth compiling [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    hot_opcode_count: Option<u32>,
    /// Sequences of opcodes that occur often; from 4 on they are worth compiling [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    hot_window_count: Option<u32>,
    /// Nodes of the graph that the tasks walk [default: 0, no graph]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    graph_node_count: Option<u32>,
    /// Edges of that graph; from 65536 on dense, hot work may be fused [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    graph_edge_count: Option<u32>,
    /// Active part of the nodes in basis points, 10000 is all [default: 0, inferred from queue and
    /// nodes]
    #[arg(long, value_name = "BPS", allow_negative_numbers = true)]
    frontier_density_bps: Option<u16>,
    /// Part of device memory in use in basis points, short from 8500 on [default: 0, inferred from
    /// the bytes below]
    #[arg(long, value_name = "BPS", allow_negative_numbers = true)]
    memory_pressure_bps: Option<u16>,
    /// Device memory in use before the launch [default: 0]
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    resident_device_bytes: Option<u64>,
    /// Device memory the launch may reach [default: 0, unbounded]
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    device_memory_budget_bytes: Option<u64>,
}

impl Arguments {
    /// Returns the file's configuration, or the default one, with what the flags say instead.
    pub(crate) fn resolve(&self) -> Result<MegakernelConfig, CliError> {
        let wall_time = self.max_wall_time.as_deref().map(wall_time).transpose()?;
        let base = match &self.config {
            Some(path) => config_file::read(path, self.format)?,
            None => MegakernelConfig::default(),
        };
        Ok(MegakernelConfig {
            worker_count: self.worker_count.unwrap_or(base.worker_count),
            max_wall_time: wall_time.unwrap_or(base.max_wall_time),
            expected_items_per_worker: (self.expected_items_per_worker)
                .unwrap_or(base.expected_items_per_worker),
            workload: self.over(base.workload),
        })
    }

    fn over(&self, base: MegakernelWorkloadHints) -> MegakernelWorkloadHints {
        MegakernelWorkloadHints {
            hot_opcode_count: self.hot_opcode_count.unwrap_or(base.hot_opcode_count),
            hot_window_count: self.hot_window_count.unwrap_or(base.hot_window_count),
            graph_node_count: self.graph_node_count.unwrap_or(base.graph_node_count),
            graph_edge_count: self.graph_edge_count.unwrap_or(base.graph_edge_count),
            frontier_density_bps: self.frontier_density_bps.unwrap_or(base.frontier_density_bps),
            memory_pressure_bps: self.memory_pressure_bps.unwrap_or(base.memory_pressure_bps),
            resident_device_bytes: (self.resident_device_bytes)
                .unwrap_or(base.resident_device_bytes),
            device_memory_budget_bytes: (self.device_memory_budget_bytes)
                .unwrap_or(base.device_memory_budget_bytes),
        }
    }
}

fn wall_time(text: &str) -> Result<Duration, WallTimeError> {
    humantime::parse_duration(text)
        .map_err(|source| WallTimeError { text: text.to_owned(), source })
}
