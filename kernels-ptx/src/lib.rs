//! The device code of Isokern: a batch kernel over the operators of `isokern-model`, and probes.
//!
//! What a block, a word and a fault are is in `isokern-device`; here are the entries.
//!
//! | module | what it is |
//! |---|---|
//! | `batch` | the entries `isokern_batch` and `isokern_batch_all` |
//! | `empty` | entries that do nothing |
//! | `probes` | entries that measure and entries that try to catch the device out |
//! | `residents` | the entry `isokern_resident` |
//!
//! # Safety
//!
//! Entries believe the addresses in their parameters: the host owes that they are what the
//! layouts in `isokern_core::device` say. `docs/safety.md` lists the files with `unsafe`; operators
//! have none.
#![no_std]
#![feature(abi_ptx, asm_experimental_arch)]
// Entries are exported by name; nobody names them by path.
#![allow(unreachable_pub)]

#[cfg(not(target_arch = "nvptx64"))]
compile_error!("device code is for nvptx64-nvidia-cuda. Fix: build it with `cargo xtask ptx`");

mod batch;
mod empty;
mod probes;
mod residents;
