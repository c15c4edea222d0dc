//! Hosts: what lends an actor its memory and gives its runner time.
//!
//! | host | runs actors | feature |
//! |---|---|---|
//! | [`LoopHost`] | in your loop, in memory you lend | none |
//! | `ThreadHost` | on threads | `std` |
//!
//! A host knows the runner; the runner knows no host, and neither does the asking side.

mod loop_host;
#[cfg(feature = "std")]
mod parking;
#[cfg(feature = "std")]
mod threads;
mod waking;

pub use loop_host::{AlreadyLent, LoopHost};
#[cfg(feature = "std")]
pub use threads::{ThreadHost, ThreadMemory, ThreadRunning};
pub use waking::{WakingBells, WakingCells};
