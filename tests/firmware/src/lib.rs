//! What the programs share: a console, a clock, a stack gauge and a way to end.
//!
//! | module | what it is |
//! |---|---|
//! | [`console`] | prints through the debugger's channel (semihosting) |
//! | [`clock`] | counts time with the processor's SysTick |
//! | [`stack`] | finds how deep the stack has been |
//! | [`ending`] | ends the program; also after a panic or a fault |
#![no_std]

pub mod clock;
pub mod console;
pub mod ending;
pub mod stack;
