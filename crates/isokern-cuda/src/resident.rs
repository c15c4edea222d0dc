//! Actors that stay on the device, and workers of a megakernel: one resident kernel, launched once,
//! spoken to through mapped memory.
//!
//! ```text
//! CudaHost ── Grid ─┬─ Mapped: grid line, orders, reports, actors, staging, pools, tasks
//!     │             ├─ DeviceBuffer: models, arenas, states of models, tasks and their memory
//!     │             └─ Stream, Function: the one launch
//!     └─ LeaseThread: renews the lease, ends actors of blocks that are gone
//! ```

mod actor;
mod block;
mod buffers;
mod claim;
mod error;
mod grid;
mod host;
mod lease;
mod links;
mod memory;
mod model_actor;
mod model_tasks;
mod models;
mod plan;
mod pools;
mod room;
mod task_blocks;
mod task_memory;
mod task_space;
mod task_tables;
mod task_workers;

pub use actor::{CudaRunning, MappedActor};
pub use block::BlockStatus;
pub use buffers::{CudaBuffers, HostBuffers, MappedRegion};
pub use error::ResidentError;
pub use host::CudaHost;
pub use links::HostLinks;
pub use model_actor::CudaModelActor;
pub use model_tasks::CudaModelTasks;
pub use models::LoadedModel;
pub use plan::ResidentPlan;
pub use task_memory::MappedTasks;
pub use task_workers::CudaWorkers;
