//! The packed model of Isokern (`.ikm`): a checked, zero-copy view of its bytes, and what its
//! operators compute.
//!
//! Firmware, CPU and GPU executors read a model through [`Model`]. A blob is in
//! flash or in a mapped file; [`Model::parse`] checks everything an executor
//! relies on, in bounded time and without heap, and then hands out views into the
//! same bytes. No float and no table in RAM is needed to run an int8 model:
//! multipliers, shifts and arena offsets were computed at conversion.
//!
//! ```
//! use isokern_model::{FormatError, Model};
//!
//! // Hostile or damaged bytes give an error that names the field.
//! assert_eq!(Model::parse(&[0; 16]).unwrap_err(), FormatError::TooShort { have: 16, need: 128 });
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`header`] | the 128 bytes at the front, with const readers |
//! | [`tensor`] | activations: shape, quantisation, place in arena or state, lifetime |
//! | [`record`] | constant records and the 64-byte operator records as they are in the blob |
//! | [`kind`] | sets of kinds |
//! | [`operator`] | what an operator is: body, view, check, cost and plain loop |
//! | [`operators`] | every kind, one file each, and the table of them: [`OpKind`], [`Op`] |
//! | [`site`] | what an operator sees of its model |
//! | [`geometry`] | windows and paddings |
//! | [`layout`] | index arithmetic of the weight layouts |
//! | [`weights`], [`requant`], [`fixed`], [`number`] | what operators share |
//! | [`memory`] | arena and state as operators see them |
//! | [`model`] | [`Model`], the view |
//! | [`interpreter`], [`loops`] | the loop that runs operators, and the seam for faster ones |
//! | [`error`] | [`FormatError`] |
//! | [`digest`] | the checksum of a blob and the digest of an output |
//! | [`embed`] | [`include_model!`](crate::include_model): a model as a typed constant |
//! | `encode` | (`std`) the way from a description to bytes |
//!
//! | feature | effect |
//! |---|---|
//! | `std` | the encoder; without it the crate only reads |
//! | `defmt` | `defmt::Format` for errors and progress, those of the core too |
//!
//! # Not here
//!
//! No loops for one kind of processor (`isokern-ops`, `isokern-cpu`), no file formats of
//! others (`isokern-import`), no file access.
//!
//! # Safety
//!
//! The crate has no `unsafe`. Records are plain old data, read through `bytemuck`.
#![no_std]
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

#[cfg(feature = "std")]
extern crate std;

#[cfg(target_endian = "big")]
compile_error!("packed models are little-endian and read in place: this target is big-endian");

mod check;
#[cfg(feature = "std")]
mod constant;
mod describe;
pub mod digest;
pub mod embed;
#[cfg(feature = "std")]
pub mod encode;
pub mod error;
pub mod fixed;
#[cfg(feature = "defmt")]
mod formats;
pub mod geometry;
pub mod header;
pub mod interpreter;
pub mod kind;
pub mod layout;
pub mod loops;
pub mod memory;
pub mod model;
pub mod number;
pub mod operator;
pub mod operators;
mod ports;
pub mod record;
pub mod requant;
mod sections;
pub mod site;
pub mod tasks;
pub mod tensor;
pub mod weights;

pub use error::FormatError;
pub use header::Header;
pub use interpreter::{Progress, RunError, run_ops, run_ops_of, run_until_of};
pub use kind::{AllOperators, BaseOperators, OpSet, OperatorSet};
pub use loops::{Loops, PlainLoops};
pub use memory::Memory;
pub use model::{Checked, Model};
pub use operator::{Cost, Operator};
pub use operators::{Op, OpKind};
pub use site::OperatorSite;
pub use tensor::{Region, Tensor};

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
