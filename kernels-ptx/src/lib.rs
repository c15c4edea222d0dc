//! The device code of Isokern: a batch kernel over the operators of `isokern-model`, and probes.
//!
//! One block of threads is one team. It runs the same source as a CPU or a
//! microcontroller; only what is here differs: how threads meet, how memory between
//! blocks is read and written, and how a fault ends.
//!
//! | module | what it is |
//! |---|---|
//! | `team` | `BlockTeam`: rank, size, barrier |
//! | `block` | what a block keeps in shared memory, and its dynamic part |
//! | `fault` | the fault record, and the end of a thread |
//! | `words` | words and cells shared with the host or with other blocks |
//! | `registers` | special registers: indices, clocks, sizes |
//! | `dot` | the four-term dot product |
//! | `batch` | the entries `isokern_batch` and `isokern_batch_all` |
//! | `ports` | how a sample's inputs and outputs are copied |
//! | `empty` | entries that do nothing |
//! | `probes` | entries that measure and entries that try to catch the device out |
//!
//! # Safety
//!
//! Entries believe the addresses in their parameters: the host owes that they are what the
//! layouts in `isokern_core::device` say. `unsafe` is in the files that `docs/safety.md`
//! lists; operators have none.
#![no_std]
#![feature(abi_ptx, asm_experimental_arch)]
// Entries are exported by name; nobody names them by path.
#![allow(unreachable_pub)]

#[cfg(not(target_arch = "nvptx64"))]
compile_error!("device code is for nvptx64-nvidia-cuda. Fix: build it with `cargo xtask ptx`");

mod batch;
mod block;
mod dot;
mod empty;
mod fault;
mod ports;
mod probes;
mod registers;
mod team;
mod words;
