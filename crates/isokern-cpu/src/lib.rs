//! The CPU reference backend: int8 models on a microcontroller or a desktop core.
//!
//! Firmware links this crate without features and gets [`CpuBackend`]: no `std`, no
//! heap, the model read in place from flash, activations in an arena it lends. With
//! feature `std` there is also `ArtifactBackend`, which owns its memory, and loops
//! for the vector instructions the processor has, chosen when a model is loaded.
//! The output bytes are the same on every path: those of profile `tflm` v1.
//!
//! ```
//! use isokern_cpu::core::ModelSource;
//! use isokern_cpu::{CpuBackend, model};
//!
//! model::include_model! {
//!     pub mod digits = "../../../tests/models/digits.ikm";
//! }
//!
//! let mut arena = digits::Arena::new();
//! let source = ModelSource::new(digits::BLOB, arena.as_mut_slice());
//! let mut model = CpuBackend::new().load(source)?;
//! model.init()?;
//! model.input_mut()?.fill(digits::INPUT_ZERO_POINT as i8);
//! let scores = model.run()?;
//! assert_eq!(scores.len(), digits::OUTPUT_LEN);
//! # Ok::<(), isokern_cpu::core::InferenceError>(())
//! ```
//!
//! # Which type do I want?
//!
//! | you have | take | memory |
//! |---|---|---|
//! | firmware, a model in flash | [`CpuBackend`] and `include_model!` | lent, of constant size |
//! | a desktop, a model in a `Vec` | `ArtifactBackend` (`std`) | it owns all, allocated once |
//! | what one of these loaded | [`CpuModel`]: `input_mut`, `run`, `infer_one` | of its backend |
//! | one model, many threads or streams | [`CpuProgram`] | none; each run takes an arena |
//! | limits, permissions, quotas | `CpuKernel`, with `isokern-guard` | that of its `CpuModel` |
//! | messages through a ring | [`ModelActor`], with `isokern-ring` | the sender's buffer |
//! | several models by priority | [`ModelTasks`], with `isokern-ring` | an arena for each task |
//!
//! All of them give the same bytes. A `.tflite` file, or a GPU where there is one: `isokern`, the
//! crate for applications.
//!
//! | module | what it is |
//! |---|---|
//! | [`backend`] | [`CpuBackend`]: models and memory are lent |
//! | `artifact` | (`std`) `ArtifactBackend`: owns bytes and arena |
//! | [`loaded`] | [`CpuModel`], what both load |
//! | [`actor`] | [`ModelActor`]: a program that answers messages in their own buffers |
//! | [`program`] | [`CpuProgram`]: a model without an arena of its own |
//! | [`tasks`] | [`ModelTasks`]: models as tasks, which give way between operators |
//! | `kernel` | `CpuKernel`: a model as a batch kernel that stops between operators |
//! | [`linked`] | kinds of operators as values, which a linker keeps or drops |
//! | [`instruction_set`] | which loops a model runs with |
//! | [`error`] | [`LoadError`] and the codes of this backend |
//! | [`core`], [`model`], [`ops`] | the crates below |
//!
//! | feature | effect |
//! |---|---|
//! | `std` | `ArtifactBackend` and vector loops |
//! | `defmt` | `defmt::Format` for errors and steps, those of core and models too |
//!
//! # Not here
//!
//! No threads: one model runs on the caller's. No rings (`isokern-ring`), no file formats of others
//! (`isokern-import`).
//!
//! # Safety
//!
//! These files may use `unsafe`: `vector/dispatch.rs`, to call functions that need
//! instructions which were found to be there, `smlad.rs` with its folder, for instructions that
//! every Armv7E-M has, and an Armv8-M that the compiler knows by name, `mla.rs`, `muls.rs` and
//! `mul.rs` with their folders, for those of Armv7-M, Armv6-M and a RISC-V with extension M, and
//! `mve.rs` with its folder, for the vectors of a Cortex-M55 or M85 that is named so.
#![no_std]
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

#[cfg(feature = "std")]
extern crate std;

pub mod actor;
mod arena;
#[cfg(feature = "std")]
pub mod artifact;
pub mod backend;
pub mod error;
#[cfg(feature = "defmt")]
mod formats;
pub mod instruction_set;
#[cfg(target_has_atomic = "8")]
pub mod kernel;
pub mod linked;
pub mod loaded;
#[cfg(arm_mla)]
mod mla;
#[cfg(all(not(feature = "std"), riscv_mul))]
mod mul;
#[cfg(arm_muls)]
mod muls;
#[cfg(arm_mve)]
mod mve;
mod payloads;
pub mod program;
#[cfg(any(arm_dsp, arm_mla))]
mod rounding;
#[cfg(arm_dsp)]
mod smlad;
pub mod tasks;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod vector;

pub use isokern_core as core;
pub use isokern_model as model;
pub use isokern_ops as ops;

pub use actor::{ModelActor, ModelReply};
#[cfg(feature = "std")]
pub use artifact::ArtifactBackend;
pub use backend::CpuBackend;
pub use error::LoadError;
pub use instruction_set::InstructionSet;
#[cfg(target_has_atomic = "8")]
pub use kernel::CpuKernel;
pub use loaded::CpuModel;
pub use program::CpuProgram;
pub use tasks::ModelTasks;

/// The code in the README of the repository, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct RepositoryReadme;

/// The code in the README of this crate, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
