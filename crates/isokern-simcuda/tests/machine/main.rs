//! The machine: kernels written by hand, and answers worked out without it.
#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

mod barriers;
mod calls;
mod collectives;
mod faults;
mod flow;
mod launch;
mod memory;
mod planted;
mod profile;
mod races;
mod replay;
mod strictness;
mod swaps;
