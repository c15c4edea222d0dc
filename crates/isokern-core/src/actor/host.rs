//! Hosts: who keeps a resident running, and what it learns when it starts one.

use core::time::Duration;

use thiserror::Error;

use super::links::{Links, NoLinks};
use super::memory::ActorMemory;
use super::resident::Resident;
use super::supervision::Supervision;
use crate::ring::BufferHandle;

/// The most actors one actor may be linked to.
pub const LINK_COUNT_MAX: usize = 4;

/// Keeps residents running: lends memory, starts, says how it goes, stops.
///
/// Threads of a CPU, the main loop of firmware and the resident kernel of a GPU are hosts
/// (`isokern_ring::ThreadHost`, `LoopHost`, `isokern_cuda::CudaHost`). The trait asks for memory
/// and a start alone. The runtime (`isokern_ring::spawn`) does the rest with the memory: it never
/// calls into a running actor.
pub trait Host<R: Resident, B: LentBuffers = NoBuffers, L: Links = NoLinks> {
    /// Memory that both sides reach; clones reach the same.
    type Memory: ActorMemory + Clone;
    /// What the program holds while the actor runs.
    type Running;
    /// What tells its actors the time, and those who ask them.
    type Clock;
    /// Why memory was not lent or an actor not started.
    type Error: core::error::Error;

    /// Returns the clock that deadlines are moments of.
    fn clock(&self) -> Self::Clock;

    /// Returns zeroed memory for one new actor.
    ///
    /// # Errors
    ///
    /// The host has no memory left for another actor.
    fn lend(&self) -> Result<Self::Memory, Self::Error>;

    /// Starts the parts of a resident in lent memory. It begins with `initialize`, whether
    /// or not this has returned by then.
    ///
    /// # Errors
    ///
    /// The host cannot run another actor now.
    fn start(
        &self,
        parts: (R::Handler, R::State),
        memory: Self::Memory,
        plan: ActorPlan<L, B>,
    ) -> Result<Self::Running, Self::Error>;
}

/// Settings and links of a new actor, besides its resident and its memory.
#[non_exhaustive]
#[derive(Debug)]
pub struct ActorPlan<L = NoLinks, B = NoBuffers> {
    /// What happens after a fault.
    pub supervision: Supervision,
    /// How long the actor goes on without a sign of life of the host side; `None` without limit.
    pub lease: Option<Duration>,
    /// How often a mailbox that has messages may be passed over for one before it.
    pub passed_over_max: u32,
    /// The actors it may send to; [`Link`](super::Link) numbers follow this order.
    pub links: L,
    /// The borrowing side of the pool its messages' buffers come from.
    pub buffers: B,
}

impl ActorPlan {
    /// Returns a plan without restarts, lease, links or buffers, in which a mailbox is
    /// passed over up to 8 times.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            supervision: Supervision::Never,
            lease: None,
            passed_over_max: 8,
            links: NoLinks,
            buffers: NoBuffers,
        }
    }
}

impl Default for ActorPlan {
    fn default() -> Self {
        Self::new()
    }
}

impl<L, B> ActorPlan<L, B> {
    /// Returns the plan with this supervision.
    #[must_use]
    pub fn with_supervision(self, supervision: Supervision) -> Self {
        Self { supervision, ..self }
    }

    /// Returns the plan with a lease; the host side must renew it more often than that.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease: Some(lease), ..self }
    }

    /// Returns the plan with another limit for passing mailboxes over.
    #[must_use]
    pub fn with_passed_over_max(self, passed_over_max: u32) -> Self {
        Self { passed_over_max, ..self }
    }

    /// Returns the plan with one more link, or with several: those of an array, or of an
    /// [`Option`].
    ///
    /// The linked actor's mailboxes may be of any shape: its slots, lines and mailboxes need not
    /// be as many as this actor's, nor as those of the other links.
    ///
    /// ```
    /// use isokern_core::actor::{ActorCells, ActorPlan, LinkEnd, Links, Mailboxes};
    ///
    /// static LOG: ActorCells<Mailboxes<64, 2>> = ActorCells::new();
    /// static MOTOR: ActorCells<Mailboxes<4, 1, 3>> = ActorCells::new();
    ///
    /// // As `Actor::take_link` of the runtime returns them.
    /// let log = LinkEnd::try_new::<[u8; 48]>(&LOG, 0).expect("48 bytes fit two lines");
    /// let motor = LinkEnd::try_new::<u32>(&MOTOR, 2).expect("there are three mailboxes");
    /// let plan = ActorPlan::new().try_with_link(log)?.try_with_link(motor)?;
    /// assert_eq!(plan.links.link_count(), 2); // `Link::new(0)` is the log
    /// # Ok::<(), isokern_core::actor::TooManyLinks>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooManyLinks`] from the fifth on.
    pub fn try_with_link<K: Links>(self, link: K) -> Result<ActorPlan<(L, K), B>, TooManyLinks>
    where
        L: Links,
    {
        let Self { supervision, lease, passed_over_max, links, buffers } = self;
        let links = (links, link);
        if links.link_count() > LINK_COUNT_MAX {
            return Err(TooManyLinks);
        }
        Ok(ActorPlan { supervision, lease, passed_over_max, links, buffers })
    }

    /// Returns the plan with these links, at most [`LINK_COUNT_MAX`], in place of its own; for the
    /// device code of a host, whose links were counted when they were planned.
    #[must_use]
    pub fn with_links<K>(self, links: K) -> ActorPlan<K, B> {
        let Self { supervision, lease, passed_over_max, buffers, .. } = self;
        ActorPlan { supervision, lease, passed_over_max, links, buffers }
    }

    /// Returns the plan with the borrowing side of a pool.
    #[must_use]
    pub fn with_buffers<C>(self, buffers: C) -> ActorPlan<L, C> {
        let Self { supervision, lease, passed_over_max, links, .. } = self;
        ActorPlan { supervision, lease, passed_over_max, links, buffers }
    }
}

/// An actor cannot be linked to more than [`LINK_COUNT_MAX`] others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an actor has at most 4 links. Fix: link it to one actor that passes messages on.")]
pub struct TooManyLinks;

/// The side of a payload pool that works in lent buffers.
pub trait LentBuffers {
    /// Returns the payload of a handle; `None` when the handle is stale or foreign.
    fn bytes(&mut self, handle: BufferHandle) -> Option<&mut [u8]>;

    /// Gives a buffer back; says whether it was lent under this handle.
    fn give_back(&mut self, handle: BufferHandle) -> bool;
}

/// For actors whose messages bring no buffers: every handle is foreign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoBuffers;

impl LentBuffers for NoBuffers {
    fn bytes(&mut self, _: BufferHandle) -> Option<&mut [u8]> {
        None
    }

    fn give_back(&mut self, _: BufferHandle) -> bool {
        false
    }
}
