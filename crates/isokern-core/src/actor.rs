//! Actors: what can be kept running, what it sees, and who can keep it running.
//!
//! # For callers
//!
//! `isokern_ring::spawn(&host, resident, config)` joins a [`Resident`] with a host
//! and gives back the handle that asks and tells.
//!
//! # For actor authors
//!
//! Implement [`RingKernelHandler`](crate::RingKernelHandler) for what is done with a
//! message, and [`Resident`] for the types around it. The handler sees its message, and
//! through the [`RingContext`] everything else.
//!
//! # For host authors
//!
//! A host lends memory and runs a resident in it: on a thread, in a main loop, on a GPU
//! block. It makes a [`RingContext`] per message and looks, at every safe point, whether
//! the handler may go on.

mod context;
mod outbox;
mod resident;

pub use context::{RingContext, RunnerWords, StateError};
pub use outbox::{Link, Outbox, OutboxEntry, OutboxError};
pub use resident::Resident;

#[cfg(test)]
mod tests;
