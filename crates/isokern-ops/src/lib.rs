//! Faster loops for kinds of processors, for operators of `isokern-model`.
//!
//! The arithmetic is written once, beside each operator (`isokern_model::operators`); the plain
//! loops there are the oracle of these. An executor brings the instructions of its processor in a
//! trait and gets loops that use it:
//!
//! ```
//! use isokern_core::{Cells, Solo};
//! use isokern_model::{Memory, Model, RunError, run_ops};
//! use isokern_ops::quad_mac::{PortableQuadMac, QuadMacLoops};
//!
//! fn run_all(model: &Model<'_>, arena: &mut [i8]) -> Result<(), RunError> {
//!     let loops = QuadMacLoops::<PortableQuadMac>::for_operators();
//!     let memory = Memory::stateless(Cells::from_mut(arena));
//!     run_ops(&Solo, &loops, model, &memory, 0..model.operator_count())
//! }
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`dual_mac`] | loops for processors with `SMLAD` and its like |
//! | [`lane_mac`] | loops for processors with vectors of 16 bytes, as MVE has them |
//! | [`single_mac`] | loops for processors that multiply two values in a step |
//! | [`block_mac`] | loops for those of them with many registers |
//! | [`scale`], [`depthwise`] | what they share: scales of sums, four channels at a time |
//! | [`quad_mac`] | loops for teams of many threads with a four-term dot product |
//!
//! # Not here
//!
//! No plain loops and no interpreter (`isokern-model`), no vector instructions (`isokern-cpu`).
//!
//! # Safety
//!
//! The crate has no `unsafe`, no heap and no panic path. Views are total (see
//! [`Cells`](isokern_core::Cells)), slices are read through `get`.
#![no_std]
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]
#![forbid(unsafe_code)]

pub mod block_mac;
pub mod depthwise;
pub mod dual_mac;
pub mod lane_mac;
mod passes;
pub mod quad_mac;
pub mod scale;
pub mod single_mac;
mod windows;

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
