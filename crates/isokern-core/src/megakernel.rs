//! The megakernel: resident workers that take tasks from queues and run them, so that many
//! operations cost one launch.
//!
//! What is here runs on host threads, in a firmware loop, under a model checker and on a device:
//! it is generic over [`TaskMemory`]. `isokern_ring::megakernel` starts workers and returns the
//! ends that submit, learn of ends, and control. `megakernel/protocol.md` beside this source has
//! the words, the steps and their order.
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
//! | [`TaskHandler`], [`TaskContext`], [`TaskStep`] | what tasks do, and what they may ask |
//! | `FuturePlaces`, `TaskWay` | tasks that are futures, where there is compare-and-swap |
//! | [`NewTask`], [`TaskHandle`], [`TaskEnd`] | a task as its owner sees it |
//! | [`Submission`], [`Completion`] | what host and workers say to each other |
//! | [`TaskMemory`], [`WorkerMemory`], [`HostMemory`] | where all of it is |
//! | [`QueueMemory`], [`Sidecar`], [`TaskBells`] | parts of that |
//! | [`Worker`], [`SubmitterState`], [`CompletionsState`] | the steps of those who share it |
//! | [`TaskHost`], [`RunningWorkers`], [`TaskSlice`] | who starts workers |
//! | [`MegakernelReport`] | what became of every task |
//!
//! # What the numbers promise, and what they do not
//!
//! The policy only recommends. It takes [`worker_count`] both for the groups of
//! a launch and for the lanes of a group; its grid may be smaller than the
//! queue; finished slots count as pressure; it knows nothing of occupancy. So an
//! executor has to serve every queued task whatever the grid, to ask its device for
//! the real limits, and to refuse a launch that cannot be resident at once.
//!
//! [`worker_count`]: MegakernelConfig::worker_count

mod cell_ring;
mod claimed_task;
mod completion;
mod completions_state;
mod config;
mod context;
mod error;
mod faults;
mod fields;
mod fill;
mod fresh_cells;
#[cfg(target_has_atomic = "32")]
mod future_places;
mod hand;
mod handle;
mod handler;
mod intake;
mod launch;
mod left_over;
mod lines;
mod new_task;
mod pointers;
mod policy;
mod queue;
mod queue_cells;
mod report;
mod run;
mod shared_slot;
mod sidecar;
mod slot;
mod spawn_error;
mod state;
mod step;
mod submission;
mod submit_error;
mod submitter_state;
mod tally;
mod task_cells;
mod task_host;
mod task_memory;
mod task_shape;
mod task_store;
#[cfg(target_has_atomic = "32")]
mod task_way;
mod topology;
mod transition;
mod worker;

pub use cell_ring::CellRing;
pub use claimed_task::{ClaimedTask, FAULT_ABANDONED};
pub use completion::{Completion, TaskEnd, TaskOutcome};
pub use completions_state::{CompletionsState, close_completions};
pub use config::{MegakernelConfig, MegakernelWorkloadHints};
pub use error::MegakernelError;
pub use faults::{
    FAULT_CANCELLED, FAULT_CODES_START, FAULT_COUNTER, FAULT_EXPIRED, FAULT_JOIN, FAULT_PANIC,
    FAULT_RESERVED_CODE,
};
pub use fill::TaskFillError;
#[cfg(target_has_atomic = "32")]
pub use future_places::{FUTURE_IN_USE, FUTURE_LOST, FUTURE_NO_PLACE, FuturePlaces};
pub use handle::{INLET_COUNT, TaskHandle};
pub use handler::{TaskContext, TaskHandler};
pub use launch::{
    MegakernelExecutionMode, MegakernelGeometry, MegakernelLaunchRecommendation,
    MegakernelLaunchRequest, MegakernelPressure, MegakernelTopology,
};
pub use left_over::launch_request_for_memory;
pub use lines::{GateLine, HostNote, SharedLine, WorkerLine};
pub use new_task::NewTask;
pub use policy::MegakernelLaunchPolicy;
pub use queue_cells::QueueCells;
pub use report::MegakernelReport;
pub use shared_slot::SharedTaskSlot;
pub use sidecar::{Sidecar, SidecarFlags};
pub use slot::{TaskSlot, TaskWorkItem};
pub use spawn_error::SpawnTaskError;
pub use state::{TaskFlags, TaskPriority, TaskState};
pub use step::TaskStep;
pub use submission::{Submission, SubmissionKind};
pub use submit_error::SubmitError;
pub use submitter_state::{SubmitterState, close, end_stop, stop};
pub use task_cells::{TaskCells, WorkerCells};
pub use task_host::{RunningWorkers, TaskHost, TaskLimits, TaskSlice};
pub use task_memory::{
    HostMemory, INLETS, NoBells, QueueMemory, TaskBells, TaskMemory, TaskPlace, WorkerMemory,
};
pub use task_shape::{EVENT_COUNT, QUEUE_COUNT, TASK_SLOTS_MAX, TENANT_COUNT, TaskShape};
pub use task_store::{TaskArrays, TaskStore};
#[cfg(target_has_atomic = "32")]
pub use task_way::{StepEnd, TaskWay};
pub use transition::{TaskTransition, TaskTransitionError};
pub use worker::{Worker, WorkerEnd, WorkerStep, abandon, prepare};

#[cfg(all(test, not(loom)))]
mod future_places_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(all(test, not(loom)))]
mod shared_slot_tests;
#[cfg(test)]
mod slot_tests;
#[cfg(all(test, not(loom)))]
mod submitting_tests;
#[cfg(all(test, not(loom)))]
mod task_toys;
#[cfg(all(test, not(loom)))]
mod waiting_tests;
#[cfg(all(test, not(loom)))]
mod worker_tests;
