//! Operator arithmetic of Isokern, written once, for a team of threads.
//!
//! Every executor runs this code: firmware and CPU with a team of one, a GPU with
//! a block of threads. It computes numeric profile `tflm` v1, whose formulas stand
//! in `docs/numerics.md`: integers only, so the answer is the same everywhere.
//!
//! An executor calls [`run_ops`] with a team, a set of [`Loops`] and the arena:
//!
//! ```
//! use isokern_core::{Cells, Solo};
//! use isokern_model::Model;
//! use isokern_ops::{PlainLoops, run_ops};
//!
//! fn run_all(model: &Model<'_>, arena: &mut [i8]) -> Result<(), isokern_ops::RunError> {
//!     run_ops(&Solo, &PlainLoops::new(), model, Cells::from_mut(arena), 0..model.operator_count())
//! }
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`interpreter`] | [`run_ops`]: operators in order, a barrier after each |
//! | [`loops`] | [`Loops`]: the seam where an executor brings faster loops |
//! | [`dual_mac`] | loops for processors with `SMLAD` and its like |
//! | [`quad_mac`] | loops for teams of many threads with a four-term dot product |
//! | [`view`] | the cells of a tensor |
//! | [`fixed`] | fixed-point steps that all operators share |
//! | [`conv2d`], [`depthwise_conv2d`], [`fully_connected`] | sums of products |
//! | [`add`], [`average_pool2d`], [`reshape`], [`softmax`] | the other operators |
//!
//! # Not here
//!
//! No file formats, no arena planning, no vector instructions, no errors that
//! depend on data: a checked model cannot fail.
//!
//! # Safety
//!
//! The crate has no `unsafe`, no heap and no panic path. Views are total (see
//! [`Cells`](isokern_core::Cells)), slices are read through `get`.
#![no_std]
#![forbid(unsafe_code)]

pub mod add;
pub mod average_pool2d;
pub mod conv2d;
pub mod depthwise_conv2d;
mod dot;
pub mod dual_mac;
pub mod fixed;
pub mod fully_connected;
pub mod interpreter;
pub mod loops;
pub mod quad_mac;
pub mod reshape;
pub mod softmax;
pub mod view;

pub use interpreter::{RunError, run_ops};
pub use loops::{Loops, PlainLoops};
