//! A recommendation as data: the JSON, and which outputs anybody acts on.
//!
//! The names of the fields are the keys of the JSON: a change here breaks programs.

use isokern_core::MegakernelConfig;
use isokern_core::megakernel::{
    MegakernelLaunchRecommendation, MegakernelLaunchRequest, MegakernelTopology,
};
use serde::Serialize;

/// The outputs that workers follow.
pub(crate) const CONSUMED: &[&str] =
    &["workgroup_size_x", "slot_count", "dispatch_grid", "age_priority_work"];

/// The outputs that nobody has to follow.
pub(crate) const ADVICE: &[&str] = &[
    "worker_groups",
    "hit_capacity",
    "pressure",
    "execution_mode",
    "topology",
    "promote_hot_opcodes",
    "promote_hot_windows",
    "estimated_peak_device_bytes",
    "device_memory_budget_bytes",
];

/// What was asked and what came back. See the help of `isokern policy` for the meaning
/// of the keys.
#[derive(Debug, Serialize)]
pub(crate) struct PolicyReport<'a> {
    pub(crate) config: MegakernelConfig,
    pub(crate) tasks: Option<&'a str>,
    pub(crate) previous_topology: Option<MegakernelTopology>,
    pub(crate) request: MegakernelLaunchRequest,
    pub(crate) recommendation: MegakernelLaunchRecommendation,
    pub(crate) consumed: &'static [&'static str],
    pub(crate) advice: &'static [&'static str],
}
