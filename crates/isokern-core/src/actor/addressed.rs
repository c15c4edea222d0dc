//! An actor's memory at an address: mapped for a device, or lent by a stand-in for one.

use super::bells::Silent;
use super::memory::{ActorMemory, MAILBOX_COUNT_MAX, Mailbox};
use crate::ring::{AddressSpace, AddressedLine, AddressedRing, LINE_BYTES, SlotCount};

/// `COUNT` mailboxes of `N` slots of `LINES` lines at an address, in the layout of
/// [`ActorCells`](super::ActorCells) over [`Mailboxes`](super::Mailboxes) of the same numbers.
///
/// Nobody is woken: both sides look again and again.
///
/// ```
/// use isokern_core::actor::{ActorCells, AddressedActor, Mailboxes, Silent};
///
/// let cells = size_of::<ActorCells<Mailboxes<4, 1, 2>, Silent>>();
/// assert_eq!(AddressedActor::<(), 4, 1, 2>::BYTES, cells as u64);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AddressedActor<A, const N: usize, const LINES: usize = 1, const COUNT: usize = 1> {
    host_line: AddressedLine<A>,
    device_line: AddressedLine<A>,
    mailboxes: [AddressedMailbox<A, LINES>; COUNT],
}

impl<A: Copy, const N: usize, const LINES: usize, const COUNT: usize>
    AddressedActor<A, N, LINES, COUNT>
{
    /// Returns the memory of an actor at a multiple of 128, all zero and
    /// [`BYTES`](Self::BYTES) long.
    #[must_use]
    pub fn new(space: A, address: u64) -> Self {
        const {
            assert!(COUNT >= 1 && COUNT <= MAILBOX_COUNT_MAX, "an actor has 1 to 4 mailboxes");
        }
        let mailbox = |index| {
            let start = address + MAILBOXES_AT + index as u64 * 2 * Self::RING_BYTES;
            AddressedMailbox {
                requests: AddressedRing::new(space, start, Self::SLOTS),
                replies: AddressedRing::new(space, start + Self::RING_BYTES, Self::SLOTS),
            }
        };
        Self {
            host_line: AddressedLine::new(space, address),
            device_line: AddressedLine::new(space, address + DEVICE_LINE_AT),
            mailboxes: core::array::from_fn(mailbox),
        }
    }
}

impl<A, const N: usize, const LINES: usize, const COUNT: usize> AddressedActor<A, N, LINES, COUNT> {
    /// How many bytes it takes.
    pub const BYTES: u64 = MAILBOXES_AT + COUNT as u64 * 2 * Self::RING_BYTES;

    const SLOTS: SlotCount = SlotCount::new::<N>();
    const RING_BYTES: u64 = AddressedRing::<A, LINES>::bytes(Self::SLOTS);
}

const DEVICE_LINE_AT: u64 = LINE_BYTES as u64;
const MAILBOXES_AT: u64 = 2 * LINE_BYTES as u64;

/// A mailbox at an address.
#[derive(Clone, Copy, Debug)]
pub struct AddressedMailbox<A, const LINES: usize> {
    requests: AddressedRing<A, LINES>,
    replies: AddressedRing<A, LINES>,
}

impl<A: AddressSpace, const LINES: usize> Mailbox for AddressedMailbox<A, LINES> {
    type Requests = AddressedRing<A, LINES>;
    type Replies = AddressedRing<A, LINES>;

    #[inline]
    fn requests(&self) -> &Self::Requests {
        &self.requests
    }

    #[inline]
    fn replies(&self) -> &Self::Replies {
        &self.replies
    }
}

impl<A: AddressSpace, const N: usize, const LINES: usize, const COUNT: usize> ActorMemory
    for AddressedActor<A, N, LINES, COUNT>
{
    type Mailbox = AddressedMailbox<A, LINES>;
    type Line = AddressedLine<A>;
    type Bells = Silent;
    type PerSlot<T> = [T; N];

    #[inline]
    fn mailbox_count(&self) -> usize {
        COUNT
    }

    #[inline]
    fn mailbox(&self, index: usize) -> Option<&Self::Mailbox> {
        self.mailboxes.get(index)
    }

    #[inline]
    fn host_line(&self) -> &Self::Line {
        &self.host_line
    }

    #[inline]
    fn device_line(&self) -> &Self::Line {
        &self.device_line
    }

    fn bells(&self) -> &Silent {
        &Silent
    }

    fn per_slot<T>(make: impl FnMut(usize) -> T) -> [T; N] {
        core::array::from_fn(make)
    }
}
