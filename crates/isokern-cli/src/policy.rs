//! `isokern policy`: what the launch policy recommends, and what becomes of it.

mod config_file;
mod configuration;
mod launch;
mod report;
mod tasks;
mod text;

use std::io::Write;

pub(crate) use config_file::ConfigError;
pub(crate) use configuration::WallTimeError;
use isokern_core::megakernel::MegakernelLaunchPolicy;
pub(crate) use tasks::TaskMixError;

use crate::error::CliError;
use crate::json;

const NOTES: &str = "\
A configuration file holds what the flags under Configuration say; what it leaves out has its
default, other fields are refused, and flags win over it. In TOML:
  worker_count = 132
  max_wall_time = { secs = 5, nanos = 0 }
  [workload]
  graph_node_count = 100000
In JSON it is the object under `config` that --json prints. TOML has no integers above
9223372036854775807: give larger ones in JSON or as flags.

The device limits default to what NVIDIA GPUs state: 1024 threads along x and in a block, 65535
blocks along every side of a grid (x alone may have more). An executor has to ask its own device.

A task mix has groups of slots joined by |, each COUNTxSTATE/REQUEUE_COUNT/AGE. States: 0 Empty,
1 Ready, 2 Running, 3 Done, 4 Paused, 5 Yielded, 6 Requeued, 7 Faulted. The queue is the slots in
1, 5 and 6; requeues and the greatest age are taken over all. `20x1/0/0|4x5/2/40` is 20 new tasks
and 4 that gave way, were put back twice before and are 40 ticks old.

Keys of --json, which later versions keep:
  config             the configuration asked about; a file for --config
  tasks              the task mix, or null
  previous_topology  what --previous said, or null
  request            what the policy was asked: queue, limits and hints
  recommendation     what it answered; geometry {workgroup_size_x, slot_count, dispatch_grid}
  consumed, advice   the outputs that workers follow, and those that nobody has to";

/// Shows what the megakernel's launch policy recommends for a configuration
///
/// Every output is listed with its meaning, and with whether workers follow it or it is advice.
/// Nothing is launched: no device is needed, and none is asked. `isokern run --mode megakernel`
/// starts workers on the processor.
#[derive(clap::Args)]
#[command(after_long_help = NOTES)]
pub(crate) struct Arguments {
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    launch: launch::Arguments,
    #[command(flatten)]
    configuration: configuration::Arguments,
}

/// Asks the standard policy, then prints request and answer as tables or as JSON.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), CliError> {
    let config = arguments.configuration.resolve()?;
    config.validate().map_err(CliError::Policy)?;
    let request = arguments.launch.request(&config)?;
    let previous = arguments.launch.previous();
    let policy = MegakernelLaunchPolicy::standard();
    let recommendation = match previous {
        Some(previous) => policy.recommend_with_previous_topology(&request, previous),
        None => policy.recommend(&request),
    };
    let report = report::PolicyReport {
        config,
        tasks: arguments.launch.tasks(),
        previous_topology: previous,
        request,
        recommendation: recommendation.map_err(CliError::Policy)?,
        consumed: report::CONSUMED,
        advice: report::ADVICE,
    };
    if arguments.json {
        json::print(&report, out)?;
    } else {
        text::print(&report, out)?;
    }
    Ok(())
}
