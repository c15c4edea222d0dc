//! Contracts between a host and its device: entry names, parameters, faults, launch plans.
//!
//! Device code is compiled from its own workspace and joined to a backend as text, so
//! the two sides share nothing but this module. Both compile the same definitions:
//! plain bytes of fixed size, little-endian, checked by compile-time asserts.
//!
//! ```
//! use isokern_core::device::{FaultCode, FaultRecord, FaultState};
//!
//! // What device code writes, and what the host reads once the launch has ended.
//! let record = FaultRecord {
//!     state: FaultState::Written as u32,
//!     code: FaultCode::Arena.code(),
//!     detail: 4096,
//!     ..FaultRecord::default()
//! };
//! let fault = record.fault().expect("one is written");
//! assert_eq!(fault.code(), Some(FaultCode::Arena));
//! assert!(fault.to_string().contains("4096 bytes"));
//! ```
//!
//! | part | what it is |
//! |---|---|
//! | [`BatchParameters`], [`BatchFlags`] | what the batch kernel is given |
//! | [`plan_batch`], [`DeviceLimits`], [`BatchLaunch`] | how it is launched |
//! | [`ResidentParameters`], [`BlockOrder`] | what a resident kernel and its blocks are given |
//! | [`OrderLinks`] | the actors that a block's actor sends to |
//! | [`BlockReport`] | how far a block is |
//! | [`DeviceResident`], [`DeviceHandler`], [`resident_key`] | actors that device code has |
//! | [`TaskOrder`], [`TaskLayout`], [`DeviceTasks`] | workers of a megakernel |
//! | [`TaskModels`], [`TaskStream`] | the models that tasks run |
//! | [`ClockLink`] | the host's time on the device |
//! | [`FaultRecord`], [`FaultCode`] | how device code says that something is wrong |
//! | [`ProbeRecord`], [`PingPongLines`] | what probes measure in |
//!
//! # For backends
//!
//! Check the model, [`plan`](plan_batch) a launch from its sizes and the device's
//! [`DeviceLimits`], fill [`BatchParameters`], launch [`ENTRY_BATCH`] or [`ENTRY_BATCH_ALL`] with
//! them by value.
//! Afterwards read the [`FaultRecord`]: unless it is empty, no output counts.
//!
//! # For authors of device code
//!
//! An entry takes one of these layouts by value, or plain numbers for the probes. It
//! writes faults to the record and ends; it never traps, which would take the whole
//! context with it.

mod batch;
mod clock_link;
mod fault;
mod kinds;
mod launch;
mod order;
mod order_links;
mod probe;
mod report;
mod resident;
mod task_layout;
mod task_models;
mod task_order;

pub use batch::{BATCH_VERSION, BatchFlags, BatchParameters};
pub use clock_link::ClockLink;
pub use fault::{Fault, FaultCode, FaultRecord, FaultState};
pub use kinds::{
    DeviceHandler, DeviceResident, DeviceTaskHandler, DeviceTasks, HostModel, HostModels,
    ModelShape, resident_key,
};
pub use launch::{
    BATCH_THREADS, BatchLaunch, DeviceLimits, LaunchPlanError, ModelFootprint, SHARED_ALIGN,
    plan_batch,
};
pub use order::{ActorShape, BlockOrder};
pub use order_links::{OrderLinks, OrderedLink};
pub use probe::{
    ECHO_CLOSED, ECHO_SLOTS, ECHO_STOPPED, ECHO_TIRED, ECHO_WORDS, EchoQuestion, EchoReply,
    PROBE_ENTRIES, PingPongLines, ProbeRecord, cell_data, echoed, folded, pattern,
};
pub use report::{BlockPhase, BlockRefusal, BlockReport};
pub use resident::{
    CONTROL_THREADS, FAULT_AT, FAULT_BLOCK, MODEL_ENTRY, ORDER_BYTES, ORDER_LINKS_AT, REPORT_BYTES,
    RESIDENT_VERSION, ResidentParameters,
};
pub use task_layout::{AddressedCompletions, AddressedFreed, AddressedSubmissions, TaskLayout};
pub use task_models::{MODEL_TASKS_ENTRY, TASK_MODELS_MAX, TaskModel, TaskModels, TaskStream};
pub use task_order::{TaskOrder, TaskWork};

/// The batch kernel for models of the first kinds, `isokern_model::BaseOperators`: one
/// [`BatchParameters`] by value.
pub const ENTRY_BATCH: &str = "isokern_batch";
/// The same for models of any kinds.
pub const ENTRY_BATCH_ALL: &str = "isokern_batch_all";
/// The resident kernel: one [`ResidentParameters`] by value, a cooperative grid.
pub const ENTRY_RESIDENT: &str = "isokern_resident";
/// The same with workers of a megakernel beside actors.
pub const ENTRY_WORKERS: &str = "isokern_workers";
/// A kernel without parameters that does nothing: what a launch costs.
pub const ENTRY_EMPTY: &str = "isokern_empty";
/// The same with eight 64-bit parameters: what parameters cost.
pub const ENTRY_EMPTY8: &str = "isokern_empty8";
