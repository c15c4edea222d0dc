//! The C interface: `include/isokern.h`, and the library it belongs to.
//!
//! Firmware and applications in C or C++ link it as a static library. A model is a constant, memory
//! is the caller's, nothing is allocated, and every call ends with a status. The output bytes are
//! those of every other way to run a model.
//!
//! ```
//! use core::ptr::null;
//! use isokern_capi::functions::{isokern_abi_version, isokern_model_sizes};
//! use isokern_capi::{ABI_VERSION, Sizes, Status};
//!
//! assert_eq!(isokern_abi_version(), ABI_VERSION);
//! let size = size_of::<Sizes>() as u32;
//! let mut sizes = Sizes {
//!     struct_bytes: size,
//!     input_count: 0,
//!     output_count: 0,
//!     arena_bytes: 0,
//!     state_bytes: 0,
//! };
//! // A pointer is null, the other is of a structure that is as long as it says.
//! let status = unsafe { isokern_model_sizes(null(), &raw mut sizes) };
//! assert_eq!(status, Status::NullPointer);
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`functions`] | the functions of the header that are of models and sessions |
//! | [`kind`] | the kinds of operators as symbols |
//! | [`ring`] | messages from one context to another |
//! | [`actor`] | a model that one context asks and another runs when it polls |
//!
//! | feature | effect |
//! |---|---|
//! | `std` | the library for a host: vector loops, chosen at run time |
//! | `panic-handler` | a panic handler, for a library for targets without an operating system |
//!
//! # Not here
//!
//! No tasks for workers and no thread that runs an actor (`isokern-ring`, in Rust), no conversion
//! (`isokern convert --emit c` writes a model as C).
//!
//! # Safety
//!
//! `docs/safety.md` lists the files with `unsafe`. What a function can check of a pointer it
//! checks: null, boundary, size fields, overlap, and every byte of a model. That memory is as long
//! as the caller says is the caller's promise.
#![no_std]

#[cfg(feature = "std")]
extern crate std;

pub mod actor;
pub mod functions;
pub mod kind;
mod model;
#[cfg(all(feature = "panic-handler", not(feature = "std"), target_os = "none"))]
mod panic;
mod pointers;
pub mod ring;
mod session;
mod status;
mod tensor;

pub use actor::{Actor, NowNs, Request};
pub use kind::Kind;
pub use model::{Model, Sizes};
pub use ring::Ring;
pub use session::Session;
pub use status::Status;
pub use tensor::{Dtype, Tensor};

/// The version of this interface. It changes when a structure or a function changes so that an
/// older program does not fit; new functions and new fields at the end leave it as it is.
pub const ABI_VERSION: u32 = 1;

/// The boundary of models, arenas and states, in bytes.
pub const ALIGNMENT: usize = 16;

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
