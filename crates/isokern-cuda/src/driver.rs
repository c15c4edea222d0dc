//! Thin handles over the driver: each owns one object, and its drop never panics.
//!
//! ```text
//! Driver ─▶ Device ─▶ Context ─▶ Stream, Event, Module, buffers, GraphExec
//! ```
//!
//! Every handle keeps its context alive. All of them may move to other threads and be shared:
//! the driver locks inside, and what is not to overlap takes `&mut`. Before a call the context
//! is made current for the thread; it stays so, as with cudarc.
//!
//! What is only safe if memory outlives work on a stream is an `unsafe fn`.

mod context;
mod device;
mod graph;
mod host_memory;
mod library;
mod memory;
mod module;
mod simulated;
mod status;
mod stream;

pub use context::{Context, unreleased_count};
pub use device::Device;
pub use graph::GraphExec;
pub(crate) use host_memory::device_address;
pub use host_memory::{MappedBuffer, PinnedBuffer};
pub use library::Driver;
pub use memory::DeviceBuffer;
pub(crate) use memory::settle;
pub use module::{Function, LaunchShape, Module};
pub use simulated::SimulatedCounts;
pub use status::Status;
pub use stream::{Event, Stream};

use cudarc::driver::sys::CUresult;

use crate::error::CudaError;

/// Returns a driver call's code as a result.
fn check(call: &'static str, result: CUresult) -> Result<(), CudaError> {
    match result as u32 {
        0 => Ok(()),
        code => Err(CudaError::Call { call, status: Status::from_code(code) }),
    }
}
