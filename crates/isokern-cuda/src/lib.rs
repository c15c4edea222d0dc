//! The backend for NVIDIA GPUs: [`CudaBackend`] runs packed models with the bytes of the CPU.
//!
//! Building it needs no CUDA. The driver is looked for when a backend is made; without one, or
//! without a device, that is an error with a remedy and never a panic. The device code is
//! inside as PTX text, which the driver compiles for the device.
//!
//! ```
//! use isokern_cuda::{CudaBackend, CudaError};
//!
//! match CudaBackend::new(0) {
//!     Ok(backend) => println!("{:?}", backend.context()),
//!     Err(CudaError::NoLibrary) => println!("this machine has no driver"),
//!     Err(error) => println!("{error}"),
//! }
//! ```
//!
//! # Where to start
//!
//! * [`CudaBackend`] and [`CudaModel`]: load, `init`, `infer_one`, `infer_batch`.
//! * `Fallback<CudaBackend, …>`: take [`CudaBackend::if_available`], which never fails.
//! * Data that is on the device already: a [`DeviceBuffer`] or [`DeviceView`] is a payload as a
//!   slice is; [`CudaModel::infer_on_device`] takes many samples of it.
//! * A context, stream or slice of cudarc: feature `cudarc-types`, without `unsafe`. Of another
//!   library: [`Context::from_raw`], [`Stream::from_raw`], [`DeviceView::new`]; `isokern-cust` does
//!   it for cust.
//! * Messages instead of calls: [`ModelResident`](isokern_core::actor::ModelResident) makes a
//!   [`CudaModel`] an actor on a thread of the host, one launch a message. Without a launch a
//!   message: [`CudaHost`] runs actors in blocks of one resident kernel, [`CudaModelActor`] among
//!   them.
//! * Device code of your own: [`CudaBackend::load_ptx`].
//!
//! # Limits
//!
//! The shipped device code has two modes, batch and actors that run models; actors of other kinds
//! need device code of their own ([`CudaHost::start_ptx`]). Devices from compute capability 7.5;
//! drivers from 11.4, from 11.8 where the device is of 9.0. A batch of any size runs; chunks of it
//! go through two streams. A model with state keeps one state on the device: its samples run in
//! order, in one block.
//! [`CudaBackend::with_streams`] gives it several, which run side by side.
//!
//! The version of the driver API that cudarc binds is a feature: `cuda-12080`. Two do not
//! compile together. For another one turn default features off and depend on cudarc beside
//! this crate: `cudarc = { version = "0.19.5", default-features = false, features =
//! ["cuda-13000"] }`. The range is a caret's. Each of 0.19.5 to 0.19.10, the last so far, compiles;
//! the tests ran with the first and the last.

#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod backend;
#[cfg(feature = "cudarc-types")]
pub mod cudarc_types;
mod direct;
mod driver;
mod error;
mod graph_cache;
mod kernel;
mod model;
mod payloads;
mod pipeline;
mod placed;
mod ptx;
mod ready;
mod resident;
mod state;
mod stream_buffers;

pub use backend::CudaBackend;
pub use driver::{
    Context, Device, DeviceBuffer, Driver, Event, Function, GraphExec, LaunchShape, MappedBuffer,
    Module, PinnedBuffer, SimulatedCounts, Status, Stream, unreleased_count,
};
pub use error::{CudaError, PayloadError};
/// Memory of a device, lent: payloads that stay where they are.
pub use isokern_core::compute::{DeviceSpace, DeviceView, DeviceViewMut};
pub use model::CudaModel;
pub use ptx::shipped_ptx;
pub use resident::{
    BlockStatus, CudaBuffers, CudaHost, CudaModelActor, CudaModelTasks, CudaRunning, CudaWorkers,
    HostBuffers, HostLinks, LoadedModel, MappedActor, MappedRegion, MappedTasks, ResidentError,
    ResidentPlan,
};

/// The bindings these handles wrap, for raw handles: contexts, streams, functions.
pub use cudarc::driver::sys;

/// Backends are shared by threads, models move between them.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<CudaBackend>();
    shared::<CudaModel>();
    shared::<CudaError>();
    shared::<Context>();
    shared::<Stream>();
    shared::<Event>();
    shared::<GraphExec>();
    shared::<Function>();
    shared::<DeviceBuffer>();
    shared::<PinnedBuffer>();
    shared::<MappedBuffer>();
};

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
