//! Actors: a handler that stays, fed by rings.
//!
//! # For callers
//!
//! [`spawn`] joins a [`Resident`](isokern_core::Resident) with a host and returns an [`Actor`]:
//! ask it, tell it, pause it, shut it down. What the host started runs on a thread, in the steps
//! of a main loop or as a task ([`Runner::run`](crate::Runner::run)). A [`Requester`] is one
//! mailbox of it, for a client of its own.
//!
//! # What is promised
//!
//! * A message that was accepted is answered once, or accounted for: with
//!   [`ActorError`](isokern_core::actor::ActorError) in place of a reply, and in exactly one count
//!   of its sender's [`RequesterStats`], also when it gets no reply or came over a link
//!   ([`Actor::link_stats`]).
//! * A reply that is taken when its deadline has come is no answer.
//! * Dropping every requester drains: everything accepted is handled first, paused or not.
//! * A handler that breaks takes one message with it. The supervision decides about the rest.
//! * A runner that goes without an end answers what waits, and nobody hangs.
//!
//! # What is not
//!
//! * A handler that never comes to a safe point cannot be stopped: its thread runs on.
//! * Messages of one mailbox are handled in order; between mailboxes there is priority.
//! * What a handler [`send`](isokern_core::RingContext::send)s to an actor that has stopped
//!   meanwhile is gone, and counted as refused.

mod asking;
mod controls;
mod in_flight;
#[cfg(feature = "latency-histogram")]
mod latency;
mod lent;
mod place;
mod queue;
mod requester;
#[cfg(feature = "std")]
mod shared_requester;
mod spawn;
mod stats;

#[cfg(test)]
pub(crate) use place::looks::count as place_looks;

pub use asking::AskError;
pub use controls::ActorControls;
pub use in_flight::Answer;
#[cfg(feature = "latency-histogram")]
pub use latency::LatencySummary;
pub use requester::Requester;
#[cfg(feature = "std")]
pub use shared_requester::SharedRequester;
pub use spawn::{Actor, ActorOn, RequesterOn, SpawnError, spawn};
pub use stats::RequesterStats;
