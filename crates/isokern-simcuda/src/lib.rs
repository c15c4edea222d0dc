//! A CUDA driver library for machines without one: it executes PTX on the CPU.
//!
//! Built as a shared library it answers the driver calls of a program that finds `libcuda.so` at
//! run time; the program is not changed and not recompiled. As a Rust library it is the machine
//! itself, for tests that want to choose every interleaving.
//!
//! ```text
//!   PTX text ──▶ ptx ──▶ program ──▶ machine ◀──▶ memory
//!                tree    decoded      grids        allocations, checks
//!                                       ▲
//!                                     driver       cu* calls, streams, events, graphs
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`ptx`], [`error`] | text to a syntax tree, and what is wrong with it |
//! | [`program`] | a tree to what the machine executes: registers, offsets, operations |
//! | [`address_map`] | where each kind of memory has its generic addresses |
//! | [`arithmetic`] | operations that touch registers alone |
//! | [`registers`] | the registers of a warp |
//! | [`memory`] | allocations of the device, every access checked |
//! | [`machine`] | blocks, warps, barriers, faults |
//! | [`driver`] | contexts, streams, events, graphs, launches |
//! | [`calls`] | the exported driver calls |
//! | [`replay`] | runs whose every interleaving follows from a seed |
//! | `verdict` | what is said of a seed that fails |
//! | `views` | which old values a load may return |
//!
//! # Not here
//!
//! No timing: durations are those of an interpreter and say nothing about a GPU. No textures, no
//! tensor cores, no arithmetic on 16-bit floats, no clusters: PTX that uses them is refused with
//! its line.

pub mod address_map;
pub mod arithmetic;
pub mod calls;
pub mod driver;
pub mod error;
pub mod machine;
pub mod memory;
pub mod program;
pub mod ptx;
pub mod registers;
pub mod replay;
mod verdict;
mod views;

/// The code in the README, compiled as an example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
