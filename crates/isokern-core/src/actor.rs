//! Actors: what can be kept running, what it sees, and who can keep it running.
//!
//! # For callers
//!
//! `isokern_ring::spawn(&host, resident, config)` joins a [`Resident`] with a [`Host`]
//! and gives back the handle that asks and tells.
//!
//! # For actor authors
//!
//! Implement [`RingKernelHandler`] for what is done with a
//! message, and [`Resident`] for the types around it. The handler sees its message, and
//! through the [`RingContext`] everything else.
//!
//! # For host authors
//!
//! A host lends memory and runs a resident in it: on a thread, in a main loop, on a GPU
//! block. It makes a [`RingContext`] per message and looks, at every safe point, whether
//! the handler may go on.

mod bells;
mod context;
mod envelope;
mod handler;
mod host;
mod life;
mod link;
mod memory;
mod outbox;
mod reply;
mod resident;
mod supervision;

pub use bells::{Bells, Silent};
pub use context::{RingContext, RunnerWords, StateError};
pub use envelope::Envelope;
pub use handler::RingKernelHandler;
pub use host::{ActorPlan, Host, LINK_COUNT_MAX, LentBuffers, NoBuffers, TooManyLinks};
pub use life::ActorState;
pub use link::LinkEnd;
pub use memory::{ActorCells, ActorMemory, HostMailbox, MAILBOX_COUNT_MAX, Mailbox};
pub use outbox::{Link, LinkCredit, Outbox, OutboxEntry, OutboxError};
pub use reply::{ActorError, ReplyHeader};
pub use resident::Resident;
pub use supervision::{RESTART_COUNT_MAX, RestartWindow, Supervision, SupervisionError};

#[cfg(test)]
mod tests;
