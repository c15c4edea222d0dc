//! What the programs share: a console, clocks, a stack gauge and a way to end.
//!
//! | module | what it is |
//! |---|---|
//! | [`processor`] | what differs between Cortex-M and RISC-V: start-up, timer, interrupts |
//! | [`cargo`] | a model that is put into the built program |
//! | [`memory`] | lends static memory to the program |
//! | [`console`] | prints through the debugger's channel (semihosting) |
//! | [`clock`] | counts time with the processor's timer |
//! | [`ticker`] | interrupts of the timer, and a clock that counts them |
//! | [`relay`] | hands an end of a ring or an actor to an interrupt |
//! | `tasks` | (feature `embassy`) tasks of embassy in a loop that sleeps, and their clock |
//! | [`stack`] | finds how deep the stack has been |
//! | [`ending`] | ends the program; also after a panic or a fault |
#![no_std]

pub mod cargo;
pub mod clock;
pub mod console;
pub mod ending;
pub mod memory;
#[cfg_attr(target_arch = "arm", path = "arm.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
pub mod processor;
pub mod relay;
pub mod stack;
#[cfg(feature = "embassy")]
pub mod tasks;
pub mod ticker;
