//! The driver calls: what a program finds in this library under the names of the CUDA driver API.
//!
//! ```text
//!   crate::calls   exported functions, one thin body each, pointers checked
//!     │
//!   context, memory, stream, event, graph, module, launch: safe code over one locked world
//!     │
//!   executor   one thread; does the streams' work in slices, kernels with the machine
//! ```
//!
//! Calls do what the driver API's documentation says or return an error; none returns success
//! without having done its work. `docs/simcuda.md` says where they are stricter than hardware.

pub mod context;
pub mod device;
pub mod entry;
pub mod event;
pub mod executor;
pub mod graph;
pub mod host_function;
pub mod injection;
pub mod launch;
pub mod leaks;
pub mod ledger;
pub mod module;
pub mod occupancy;
pub mod order;
pub mod pointers;
pub mod pool;
pub mod profiles;
pub mod registers;
pub mod settings;
pub mod status;
pub mod stream;
pub mod task;
pub mod transfer;
pub mod world;

pub use injection::Failure;
pub use settings::Settings;
pub use status::Status;
pub use world::LiveObjects;

/// Returns the report of the last fault: what happened, the kernel, the PTX line, the thread. Empty
/// where there was none.
#[must_use]
pub fn last_report() -> String {
    entry::process().lock().report.clone()
}

/// Returns what is alive in this process.
#[must_use]
pub fn live_objects() -> LiveObjects {
    entry::process().lock().live_objects()
}

/// Lets a call fail, counted from now on.
pub fn fail_at(failure: Failure) {
    entry::process().lock().injector.add(failure);
}
