//! The megakernel's values: how it is configured, how a launch is shaped, what
//! a task is.
//!
//! In a megakernel resident workers take task slots from a queue and run them, so
//! that many operations cost one launch. Such workers are not there yet. This module
//! has their values, numbers in, numbers out, the same on host, firmware and device;
//! and [`SharedTaskSlot`], a slot in place, which one worker at a time may change.
//!
//! ```
//! use isokern_core::megakernel::MegakernelPressure;
//! use isokern_core::{MegakernelConfig, TaskSlot};
//!
//! let config = MegakernelConfig { worker_count: 8, ..MegakernelConfig::new() };
//! config.validate()?;
//!
//! // Twenty tasks, for a device with 256 threads a block and 1024 blocks.
//! let tasks = [TaskSlot::ready(1); 20];
//! let advice = config.launch_recommendation_for_tasks(&tasks, 256, 1024, 1024)?;
//! assert_eq!(advice.geometry.workgroup_size_x, 8);
//! assert_eq!(advice.geometry.slot_count, 24); // 20, filled up to whole groups of 8
//! assert_eq!(advice.geometry.dispatch_grid, [3, 1, 1]);
//! assert_eq!(advice.pressure, MegakernelPressure::Light);
//! # Ok::<(), isokern_core::megakernel::MegakernelError>(())
//! ```
//!
//! | part | what it is |
//! |---|---|
//! | [`MegakernelConfig`], [`MegakernelWorkloadHints`] | how a megakernel is set up |
//! | [`MegakernelLaunchPolicy`], [`MegakernelLaunchRecommendation`] | how its launch is shaped |
//! | [`TaskSlot`], [`TaskState`], [`TaskTransition`] | a task, and the steps it may take |
//! | [`SharedTaskSlot`], [`ClaimedTask`], [`TaskFillError`] | a task in memory that workers share |
//!
//! # What the numbers promise, and what they do not
//!
//! The policy only recommends. It takes [`worker_count`] both for the groups of
//! a launch and for the lanes of a group; its grid may be smaller than the
//! queue; finished slots count as pressure; it knows nothing of occupancy. So an
//! executor has to serve every queued task whatever the grid, to ask its device for
//! the real limits, and to refuse a launch that cannot be resident at once.
//!
//! # Not here
//!
//! Queues, workers, tickets and the slots' companions. They will take their steps
//! from [`TaskTransition`], as the slots here do.
//!
//! [`worker_count`]: MegakernelConfig::worker_count

mod config;
mod error;
mod fields;
mod fill;
mod launch;
mod policy;
mod shared_slot;
mod slot;
mod state;
mod topology;
mod transition;

pub use config::{MegakernelConfig, MegakernelWorkloadHints};
pub use error::MegakernelError;
pub use fill::TaskFillError;
pub use launch::{
    MegakernelExecutionMode, MegakernelGeometry, MegakernelLaunchRecommendation,
    MegakernelLaunchRequest, MegakernelPressure, MegakernelTopology,
};
pub use policy::MegakernelLaunchPolicy;
pub use shared_slot::{ClaimedTask, FAULT_ABANDONED, SharedTaskSlot};
pub use slot::{TaskSlot, TaskWorkItem};
pub use state::{TaskFlags, TaskPriority, TaskState};
pub use transition::{TaskTransition, TaskTransitionError};

#[cfg(test)]
mod policy_tests;
#[cfg(all(test, not(loom)))]
mod shared_slot_tests;
#[cfg(test)]
mod slot_tests;
