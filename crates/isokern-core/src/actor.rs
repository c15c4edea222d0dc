//! Actors: what can be kept running, what it sees, and who can keep it running.
//!
//! ```
//! use isokern_core::{GpuKernel, KernelError, KernelMetadata, KernelMode};
//! use isokern_core::{Resident, RingContext, RingKernelHandler};
//! # use isokern_core::actor::{Outbox, RunnerWords};
//! # use isokern_core::MessageHeader;
//!
//! /// Adds what it is sent to a sum that lives in the actor's state.
//! struct Adder;
//!
//! impl GpuKernel for Adder {
//!     fn metadata(&self) -> &KernelMetadata {
//!         const { &KernelMetadata::new("adder", KernelMode::Ring) }
//!     }
//! }
//!
//! impl RingKernelHandler<u32, u32> for Adder {
//!     async fn handle(&self, context: &mut RingContext<'_>, n: u32) -> Result<u32, KernelError> {
//!         let sum = context.state::<u32>()?;
//!         *sum = sum.wrapping_add(n);
//!         Ok(*sum)
//!     }
//! }
//!
//! /// An adder that starts from a number.
//! struct AdderFrom(u32);
//!
//! impl Resident for AdderFrom {
//!     type Handler = Adder;
//!     type Message = u32;
//!     type Reply = u32;
//!     type State = u32;
//!
//!     fn into_parts(self) -> (Adder, u32) {
//!         (Adder, self.0)
//!     }
//! }
//!
//! // What a host does with it for one message.
//! let (handler, mut state) = AdderFrom(40).into_parts();
//! # let (words, mut used) = (RunnerWords::new(), 0);
//! # let bytes = bytemuck::bytes_of_mut(&mut state);
//! # let outbox = Outbox::none(&mut used);
//! # let mut context = RingContext::new(MessageHeader::new(), &words, bytes, &mut [], outbox);
//! assert_eq!(pollster::block_on(handler.handle(&mut context, 2)), Ok(42));
//! ```
//!
//! | part | what it is |
//! |---|---|
//! | [`RingKernelHandler`], [`RingContext`] | what is done with a message, and what it sees |
//! | [`Resident`] | a handler with the types around it |
//! | [`ModelResident`], [`ModelReply`] | a model of any backend, kept running |
//! | [`Host`], [`ActorPlan`], [`Supervision`] | who can keep it running, and by which rules |
//! | [`ActorMemory`], [`ActorCells`], [`Mailboxes`], [`Bells`] | the memory both sides share |
//! | [`ReplyHeader`], [`ActorError`], [`ActorState`], [`Outcome`] | what comes back |
//! | [`Link`], [`Links`], [`Outbox`], [`Envelope`] | messages to other actors |
//!
//! # For callers
//!
//! `isokern_ring::spawn(&host, resident, config)` joins a [`Resident`] with a [`Host`]
//! and gives back the handle that asks and tells.
//!
//! # For actor authors
//!
//! Implement [`RingKernelHandler`] for what is done with a message, and [`Resident`] for the
//! types around it. The handler sees its message, and through the [`RingContext`] everything
//! else. A model of any backend is a resident already: [`ModelResident`].
//!
//! # For host authors
//!
//! A host lends memory and runs a resident in it: on a thread, in a main loop. It makes a
//! [`RingContext`] per message and looks, at every safe point, whether the handler may go on.
//! Nothing here needs a thread, a heap or a waker, so that a block of a GPU can be a host;
//! no host for GPUs is there yet.

mod addressed;
mod bells;
mod cells;
mod context;
mod envelope;
mod fresh;
mod handler;
mod host;
mod life;
mod link;
mod link_state;
mod links;
mod mailboxes;
mod memory;
mod model_resident;
mod outbox;
mod outcome;
mod pointers;
mod reply;
mod resident;
mod supervision;

pub use addressed::{AddressedActor, AddressedMailbox};
pub use bells::{Bells, Silent};
pub use cells::ActorCells;
pub use context::{RingContext, RunnerWords, StateError};
pub use envelope::Envelope;
pub use fresh::Fresh;
pub use handler::RingKernelHandler;
pub use host::{ActorPlan, Host, LINK_COUNT_MAX, LentBuffers, NoBuffers, TooManyLinks};
pub use life::ActorState;
pub use link::LinkEnd;
pub use link_state::LinkState;
pub use links::{Links, NoLinks};
pub use mailboxes::{HostMailbox, MailboxShape, Mailboxes};
pub use memory::{ActorMemory, MAILBOX_COUNT_MAX, Mailbox};
pub use model_resident::{ModelReply, ModelResident};
pub use outbox::{Link, LinkCredit, Outbox, OutboxEntry, OutboxError};
pub use outcome::Outcome;
pub use reply::{ActorError, ReplyHeader};
pub use resident::Resident;
pub use supervision::{RESTART_COUNT_MAX, RestartWindow, Supervision, SupervisionError};

#[cfg(test)]
mod model_resident_tests;
#[cfg(all(test, feature = "std"))]
mod pointers_tests;
#[cfg(test)]
mod tests;
