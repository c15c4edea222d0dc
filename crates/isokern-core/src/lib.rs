//! The contracts of Isokern: what a payload, a model and a backend are.
//!
//! # Who links this crate
//!
//! Everybody: firmware, backends, actors and applications speak in these types.
//! It costs no heap, no `std`, no driver and no trait object; a model trained
//! once is called through the same two traits on a microcontroller, a CPU and a
//! GPU.
//!
//! # Example
//!
//! ```
//! use isokern_core::{Batch, ComputeModel, InferenceError, Message, MessageHeader};
//!
//! /// Scores two feature vectors in one call, on whatever the model runs on.
//! fn score<M>(model: &mut M, features: [[i8; 490]; 2]) -> Result<[[i8; 12]; 2], InferenceError>
//! where
//!     M: ComputeModel<[i8; 490], [i8; 12]>,
//! {
//!     let header = MessageHeader::new().with_tenant(1);
//!     let requests = features.map(|payload| Message::new(header, payload));
//!     let mut scores = [[0; 12]; 2];
//!     model.init()?;
//!     model.infer_batch(Batch::new(&requests), &mut scores)?;
//!     model.drain()?;
//!     Ok(scores)
//! }
//! ```
//!
//! # Modules
//!
//! | module | what it is |
//! |---|---|
//! | [`backend`] | [`ComputeBackend`]: one kind of hardware that loads models |
//! | [`model`] | [`ComputeModel`]: one loaded model and its steps |
//! | [`source`] | [`ModelSource`]: bytes and arena, lent |
//! | `artifact` | `ModelArtifact`: bytes, owned and aligned (`std`) |
//! | [`fallback`] | [`Fallback`]: two backends as one |
//! | [`payload`] | [`Payload`], [`PayloadMut`]: bytes a model reads and writes |
//! | [`tensor`], [`shape`], [`quantization`], [`dtype`] | what those bytes mean |
//! | [`message`], [`batch`] | payloads with an envelope, and several of them |
//! | [`memory`], [`placement`] | where bytes live, and who takes them there |
//! | [`capabilities`], [`mode`] | the limits of a backend |
//! | [`metadata`], [`profile`] | what a model says about itself |
//! | [`kernel`] | [`GpuKernel`], [`BatchKernel`], [`RingKernelHandler`] and their errors |
//! | [`context`] | [`ExecutionContext`]: who calls, until when; checked before any work |
//! | [`authorization`], [`quota`], [`trace`], [`clock`] | the parts of a context |
//! | [`exclusive`] | `&mut` through `&`, without a spin |
//! | [`actor`] | [`Resident`] and what its handler sees |
//! | [`ring`] | cells, slots, control lines, and the steps of push, pop and close |
//! | [`megakernel`] | [`MegakernelConfig`], its launch policy, [`TaskSlot`] |
//! | [`device`] | what a host and its device code agree on: parameters, faults, launches |
//! | [`error`] | [`InferenceError`], [`BackendError`] |
//! | [`team`], [`cells`] | threads that run one operator, and their view of the arena |
//!
//! Every public item is also at the root, but for those of [`ring`] and [`device`].
//!
//! # Features
//!
//! | feature | effect |
//! |---|---|
//! | `std` | `ModelArtifact`, which owns heap memory; `std::sync::Mutex` is [`Exclusive`] |
//! | `serde` | `Serialize` and `Deserialize` for descriptions, metadata and kinds |
//! | `critical-section` | `critical_section::Mutex` is [`Exclusive`] |
//!
//! None is on by default.
//!
//! # Not here
//!
//! * Arithmetic of operators, the packed model format, the ends of rings, drivers:
//!   crates that depend on this one.
//! * Batching policy, backpressure, telemetry: callers and actors.
//! * Hard time limits, quotas with tables, `tracing`: `isokern-guard`, which has `std`.
//! * Big-endian targets: layouts are little-endian and are read in place, so
//!   such a target does not compile.
//!
//! # Safety
//!
//! `unsafe` is denied but for two files: [`cells`], where threads of a team share
//! an arena, and the cell of [`SingleOwner`]. Every layout is checked by
//! [`bytemuck`]'s derives and by compile-time asserts on size and offsets.

#![no_std]

#[cfg(target_endian = "big")]
compile_error!("the layouts of isokern-core are little-endian");

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod actor;
#[cfg(feature = "std")]
pub mod artifact;
pub mod authorization;
pub mod backend;
pub mod batch;
pub mod capabilities;
pub mod cells;
pub mod clock;
pub mod context;
pub mod device;
pub mod dtype;
pub mod error;
pub mod exclusive;
pub mod fallback;
pub mod kernel;
pub mod megakernel;
pub mod memory;
pub mod message;
pub mod metadata;
pub mod mode;
pub mod model;
pub mod payload;
pub mod placement;
pub mod profile;
pub mod quantization;
pub mod quota;
pub mod ring;
pub mod shape;
pub mod source;
pub mod team;
pub mod tensor;
pub mod trace;

pub use actor::{
    ActorCells, ActorError, ActorMemory, ActorPlan, ActorState, Bells, Envelope, Host, HostMailbox,
    LINK_COUNT_MAX, LentBuffers, Link, LinkCredit, LinkEnd, MAILBOX_COUNT_MAX, Mailbox, NoBuffers,
    Outbox, OutboxEntry, OutboxError, RESTART_COUNT_MAX, ReplyHeader, Resident, RestartWindow,
    RingContext, RunnerWords, Silent, StateError, Supervision, SupervisionError, TooManyLinks,
};
#[cfg(feature = "std")]
pub use artifact::{ArtifactError, ModelArtifact};
pub use authorization::{
    AllowAll, Authorizer, Permission, PermissionTable, PermissionTableError, Principal,
};
pub use backend::ComputeBackend;
pub use batch::{Batch, BatchFlagError, GatherError};
pub use capabilities::BackendCapabilities;
pub use cells::Cells;
pub use clock::{Clock, PollingSleep};
pub use context::{Environment, ExecutionContext, ExecutionEnvironment, RunningCall};
pub use dtype::{DType, DTypeNameError};
pub use error::{BackendError, InferenceError, InferenceErrorKind};
pub use exclusive::{Busy, Exclusive};
#[cfg(target_has_atomic = "8")]
pub use exclusive::{Owned, SingleOwner};
pub use fallback::{Fallback, FallbackDescriptor, FallbackError, FallbackModel, FallbackSide};
pub use kernel::{
    BatchKernel, Call, CallEvent, GpuKernel, HealthStatus, KernelError, KernelMetadata, KernelMode,
    KernelModeError, ModelKernel, ModelSlot, Observer, RingKernelHandler, SafePoint, Unobserved,
    safe_point, within_limit,
};
pub use megakernel::{
    ClaimedTask, FAULT_ABANDONED, MegakernelConfig, MegakernelError, MegakernelExecutionMode,
    MegakernelGeometry, MegakernelLaunchPolicy, MegakernelLaunchRecommendation,
    MegakernelLaunchRequest, MegakernelPressure, MegakernelTopology, MegakernelWorkloadHints,
    SharedTaskSlot, TaskFlags, TaskPriority, TaskSlot, TaskState, TaskTransition,
    TaskTransitionError, TaskWorkItem,
};
pub use memory::{BufferDescriptor, MemoryClass};
pub use message::{Message, MessageFlags, MessageHeader};
pub use metadata::ModelMetadata;
pub use mode::{ModeBitsError, ModeSet};
pub use model::ComputeModel;
pub use payload::{Payload, PayloadMut};
pub use placement::{PlacementAcceptance, PlacementBitsError, PlacementDecision, decide_placement};
pub use profile::NumericProfile;
pub use quantization::Quantization;
pub use quota::{Quota, QuotaExceeded, TokenBucket, Unlimited};
pub use shape::{Shape, ShapeError};
pub use source::ModelSource;
pub use team::{Share, Solo, Team};
pub use tensor::{Tensor, TensorView};
pub use trace::{TraceContext, TraceparentError};

#[cfg(all(test, feature = "serde"))]
mod serde_tests;
