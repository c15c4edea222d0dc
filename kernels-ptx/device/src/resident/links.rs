//! The links of a block's actor: rings of other blocks' actors, in mapped memory.
#![allow(unsafe_code)]

use isokern_core::actor::{LINK_COUNT_MAX, LinkCredit, LinkState, Links, NoLinks, OutboxEntry};
use isokern_core::device::{OrderLinks, OrderedLink};
use isokern_core::ring::{AddressedLinkRing, PushError, SlotCount};

use crate::words::SystemMemory;

/// The links that an actor of a device may have: [`BlockLinks`], or [`NoLinks`] for one that sends
/// to no other.
pub trait OrderedLinks: Links + sealed::Sealed {
    /// How many there may be; an order with more is refused.
    const COUNT_MAX: usize;

    /// Returns the links of an order.
    ///
    /// # Safety
    ///
    /// Each is a ring of its shape in mapped memory, of which this is the one producer from its
    /// first message on.
    unsafe fn of(links: &OrderLinks) -> Self;
}

impl OrderedLinks for NoLinks {
    const COUNT_MAX: usize = 0;

    unsafe fn of(_: &OrderLinks) -> Self {
        Self
    }
}

/// Links to actors of any shape.
pub struct BlockLinks {
    links: [Option<BlockLink>; LINK_COUNT_MAX],
}

/// A link and its ring.
struct BlockLink {
    requests: AddressedLinkRing<SystemMemory>,
    state: LinkState,
}

impl OrderedLinks for BlockLinks {
    const COUNT_MAX: usize = LINK_COUNT_MAX;

    #[inline(never)] // Making them takes registers that using one does not.
    unsafe fn of(links: &OrderLinks) -> Self {
        let mut made = [const { None }; LINK_COUNT_MAX];
        for (place, link) in made.iter_mut().zip(links.iter()) {
            // SAFETY: by this function's contract.
            *place = unsafe { BlockLink::new(link) };
        }
        Self { links: made }
    }
}

impl BlockLink {
    /// Returns the link; `None` where there is no such number of slots.
    ///
    /// # Safety
    ///
    /// As for [`OrderedLinks::of`].
    unsafe fn new(link: OrderedLink) -> Option<Self> {
        // SAFETY: by this function's contract, for what the ring asks for.
        let space = unsafe { SystemMemory::new() };
        let (slots, lines) = (SlotCount::try_new(link.slots)?, u32::from(link.lines));
        let requests = AddressedLinkRing::new(space, link.requests, slots, lines);
        let state = LinkState::begin(&requests, link.message_bytes.into());
        Some(Self { requests, state })
    }
}

impl Links for BlockLinks {
    fn link_count(&self) -> usize {
        self.links.iter().flatten().count()
    }

    #[inline(never)] // Addresses of cells are not kept around it.
    fn credit(&mut self, index: usize) -> LinkCredit {
        match self.links.get_mut(index) {
            Some(Some(link)) => link.state.credit(&link.requests),
            _ => LinkCredit::default(),
        }
    }

    #[inline(never)] // As above.
    fn pass_on(&mut self, index: usize, entry: &OutboxEntry) -> Result<(), PushError<()>> {
        match self.links.get_mut(index) {
            Some(Some(link)) => link.state.pass_on(&link.requests, entry),
            _ => Err(PushError::Closed(())),
        }
    }

    #[inline(never)] // As above.
    fn close(&mut self) {
        for link in self.links.iter_mut().flatten() {
            link.state.close(&link.requests);
        }
    }
}

mod sealed {
    //! Keeps the links to those of this file.

    /// Implemented for the links of this file.
    pub trait Sealed {}

    impl Sealed for super::BlockLinks {}
    impl Sealed for super::NoLinks {}
}
