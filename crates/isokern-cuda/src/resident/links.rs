//! Links between actors of one host: a block sends to another block's actor, without the processor.

use std::sync::Arc;

use isokern_core::actor::{
    ActorMemory, LINK_COUNT_MAX, LinkEnd, Links, Mailbox, MailboxShape, NoLinks,
};
use isokern_core::device::{OrderLinks, OrderedLink};
use isokern_core::ring::ProducerState;

use super::actor::MappedActor;
use super::error::ResidentError;
use super::grid::Grid;
use super::memory::Mapped;
use sealed::Ordered;

/// The links of an actor that a [`CudaHost`](super::CudaHost) runs: those to actors of the same
/// host, of any shape, as [`Links`] joins them. Sealed.
///
/// An actor on a thread may send to one of a device: its plan takes the link as any other.
pub trait HostLinks: Links + sealed::Ordered {}

impl<L: Links + sealed::Ordered> HostLinks for L {}

/// What an order says of its links, and how the host ends them.
#[derive(Debug)]
pub struct LinkSet<'g> {
    grid: &'g Arc<Grid>,
    ordered: OrderLinks,
    linked: Vec<Linked>,
}

/// A linked mailbox.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linked {
    /// The block whose actor it is of.
    pub(super) block: u32,
    mailbox_index: usize,
    /// Closes its requests on behalf of a block that is gone.
    close: fn(&Mapped, u64, usize),
}

impl<'g> LinkSet<'g> {
    /// Returns what an order of this grid says of links.
    pub(super) fn of<L: HostLinks>(grid: &'g Arc<Grid>, links: &L) -> Result<Self, ResidentError> {
        let mut set = Self { grid, ordered: OrderLinks::default(), linked: Vec::new() };
        links.describe(&mut set)?;
        Ok(set)
    }

    /// Returns the links' line and the linked mailboxes.
    pub(super) fn into_parts(self) -> (OrderLinks, Vec<Linked>) {
        (self.ordered, self.linked)
    }
}

impl Linked {
    /// Closes the mailbox; `at` is where the memory of the linked actor is.
    pub(super) fn close(&self, mapped: &Mapped, at: u64) {
        (self.close)(mapped, at, self.mailbox_index);
    }
}

impl Ordered for NoLinks {
    fn describe(&self, _: &mut LinkSet<'_>) -> Result<(), ResidentError> {
        Ok(())
    }

    fn hand_over(self) {}
}

impl<S: MailboxShape> Ordered for LinkEnd<MappedActor<S>> {
    fn describe(&self, to: &mut LinkSet<'_>) -> Result<(), ResidentError> {
        let (lent, mailbox_index) = (self.memory().lent(), self.mailbox_index());
        if !Arc::ptr_eq(&lent.grid, to.grid) {
            return Err(ResidentError::OtherHost);
        }
        if !self.is_new() {
            return Err(ResidentError::LinkInUse);
        }
        let blocks = lent.grid.blocks();
        let at = S::requests_at(blocks.layout().actor(lent.block), mailbox_index);
        let is_taken = to.ordered.push(OrderedLink {
            requests: blocks.mapped().address(at),
            slots: S::SLOTS.count(),
            lines: S::LINES,
            // `LinkEnd` takes no message that is longer than 48 bytes.
            message_bytes: self.message_bytes() as u16,
        });
        // `ActorPlan` takes no more than there is room for.
        debug_assert!(is_taken && to.linked.len() < LINK_COUNT_MAX);
        to.linked.push(Linked { block: lent.block, mailbox_index, close: close::<S> });
        Ok(())
    }

    fn hand_over(self) {
        LinkEnd::hand_over(self);
    }
}

impl<A: Ordered, B: Ordered> Ordered for (A, B) {
    fn describe(&self, to: &mut LinkSet<'_>) -> Result<(), ResidentError> {
        self.0.describe(to)?;
        self.1.describe(to)
    }

    fn hand_over(self) {
        self.0.hand_over();
        self.1.hand_over();
    }
}

impl<L: Ordered, const N: usize> Ordered for [L; N] {
    fn describe(&self, to: &mut LinkSet<'_>) -> Result<(), ResidentError> {
        self.iter().try_for_each(|links| links.describe(to))
    }

    fn hand_over(self) {
        self.into_iter().for_each(Ordered::hand_over);
    }
}

impl<L: Ordered> Ordered for Option<L> {
    fn describe(&self, to: &mut LinkSet<'_>) -> Result<(), ResidentError> {
        self.as_ref().map_or(Ok(()), |links| links.describe(to))
    }

    fn hand_over(self) {
        if let Some(links) = self {
            links.hand_over();
        }
    }
}

/// Closes the requests of a mailbox where their producer left them.
fn close<S: MailboxShape>(mapped: &Mapped, at: u64, mailbox_index: usize) {
    let Some(mailbox) = mapped.actor::<S>(at).and_then(|cells| cells.mailbox(mailbox_index)) else {
        return;
    };
    ProducerState::resuming(mailbox.requests()).close(mailbox.requests());
}

mod sealed {
    //! Keeps the links to those of this file.

    use super::{LinkSet, ResidentError};

    /// Implemented for the links of this file.
    pub trait Ordered {
        /// Adds what an order says of the links.
        ///
        /// # Errors
        ///
        /// [`ResidentError::OtherHost`], [`ResidentError::LinkInUse`].
        fn describe(&self, to: &mut LinkSet<'_>) -> Result<(), ResidentError>;

        /// Leaves the mailboxes open: the block's actor is their producer.
        fn hand_over(self);
    }
}
