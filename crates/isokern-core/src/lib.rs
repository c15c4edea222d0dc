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
//! # Chapters
//!
//! Each is a module, begins with an example, and imports only chapters above it in this table:
//!
//! | chapter | what is in it | imports |
//! |---|---|---|
//! | [`team`] | threads that run one operator, and their view of the arena | nothing |
//! | [`device`] | what a host and its device code agree on | nothing |
//! | [`compute`] | backends, models, payloads, messages, and what describes them | nothing |
//! | [`kernel`] | [`GpuKernel`], its metadata, modes and errors, safe points | `compute` |
//! | [`call`] | who calls a kernel, until when, at whose cost | `compute`, `kernel` |
//! | [`ring`] | cells, slots, control lines, and the steps of push, pop and close | `compute` |
//! | [`actor`] | [`Resident`] and what its handler sees | `compute`, `kernel`, `call`, `ring` |
//! | [`megakernel`] | [`MegakernelConfig`], tasks, workers | `actor`, `call`, `ring`, `team` |
//!
//! ```text
//!   actor ──▶ call ──▶ kernel
//!     │                  │
//!     └─────▶ ring ──▶ compute        team        device
//!               ▲                      ▲
//!           megakernel ────────────────┘
//! ```
//!
//! At the root are the names that these examples use; every other name is used by its
//! chapter, as in `isokern_core::call::Quota`. The names of [`ring`] and [`device`] read only
//! with their chapter, so none of them is here.
//!
//! # Features
//!
//! | feature | effect |
//! |---|---|
//! | `std` | `ModelArtifact`, which owns heap memory; `std::sync::Mutex` is [`call::Exclusive`] |
//! | `serde` | `Serialize` and `Deserialize` for descriptions, metadata and kinds |
//! | `critical-section` | `critical_section::Mutex` is [`call::Exclusive`] |
//! | `defmt` | `defmt::Format` for errors, states and counts |
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
//! `unsafe` is denied but for two files: [`team::cells`], where threads of a team share
//! an arena, and the cell of [`call::SingleOwner`]. Every layout is checked by
//! [`bytemuck`]'s derives and by compile-time asserts on size and offsets.

#![no_std]

#[cfg(target_endian = "big")]
compile_error!("the layouts of isokern-core are little-endian");

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod actor;
pub mod call;
pub mod compute;
pub mod device;
#[cfg(feature = "defmt")]
mod formats;
pub mod kernel;
mod kernel_set;
pub mod megakernel;
mod numbered;
mod pointers;
pub mod ring;
pub mod team;

pub use actor::{Resident, RingContext, RingKernelHandler};
pub use call::{AllowAll, BatchKernel, Environment, ExecutionContext, Principal};
pub use compute::{
    Batch, ComputeBackend, ComputeModel, DType, InferenceError, InferenceErrorKind, Message,
    MessageHeader, ModelSource, Payload, PayloadMut,
};
pub use kernel::{GpuKernel, KernelError, KernelMetadata, KernelMode};
pub use megakernel::{MegakernelConfig, TaskSlot};
pub use team::{Cells, Solo, Team};

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
