//! What device code in Rust is built from: a block of GPU threads as a team, words that the host
//! reads and writes at the same time, faults that leave the CUDA context alone, and actors that
//! stay resident.
//!
//! For `nvptx64-nvidia-cuda`; docs/device.md of the repository says how a device crate is built.
//! One block of threads is one team. It runs the same source as a CPU or a microcontroller; what is
//! here is what differs: how threads meet, how memory between blocks is read and written, and how a
//! fault ends.
//!
//! | module | what it is |
//! |---|---|
//! | `team` | `BlockTeam`: rank, size, barrier |
//! | `block` | what a block keeps in shared memory, and its dynamic part |
//! | `fault` | the fault record, the panic handler, and the end of a thread |
//! | `words` | words and cells shared with the host or with other blocks |
//! | `registers` | special registers: indices, clocks, sizes |
//! | `dot` | the four-term dot product |
//! | `resident` | blocks that stay and run actors |
//! | `ports` | how a sample's inputs and outputs are copied |
//!
//! # Safety
//!
//! Entries believe the addresses in their parameters: the host owes that they are what the
//! layouts in `isokern_core::device` say. `docs/safety.md` lists the files with `unsafe`; operators
//! have none.
#![no_std]
#![feature(asm_experimental_arch)]

#[cfg(not(target_arch = "nvptx64"))]
compile_error!("device code is for nvptx64-nvidia-cuda. Fix: build it with `cargo isokern-ptx`");

/// The contracts that macros of this crate name.
pub use isokern_core as core;

pub mod block;
pub mod dot;
pub mod fault;
pub mod ports;
pub mod registers;
pub mod resident;
pub mod team;
pub mod words;
